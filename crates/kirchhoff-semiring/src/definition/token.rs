//! Parts expressions into numbers, names and signs.

use super::error::Problem;

/// A number, a name or a sign.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number { text: String, whole: bool },
    Name(String),
    Symbol(&'static str),
}

impl Token {
    pub(super) fn text(&self) -> &str {
        match self {
            Token::Number { text, .. } => text,
            Token::Name(name) => name,
            Token::Symbol(symbol) => symbol,
        }
    }
}

/// What other languages write, and what is written here.
const FOREIGN: [(&str, &str); 9] = [
    ("**", "pow(x, y)"),
    ("&&", "and"),
    ("||", "or"),
    ("^", "pow(x, y)"),
    ("&", "and"),
    ("|", "or"),
    ("?", "if(c, x, y)"),
    ("!", "not"),
    ("=", "=="),
];

const SYMBOLS: [&str; 15] = ["<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ",", "."];

/// The tokens of an expression, each with its place, in characters from 1.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, Problem> {
    let characters: Vec<char> = text.chars().map(|c| if c == '−' { '-' } else { c }).collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&first) = characters.get(at) {
        let place = at + 1;
        if first.is_whitespace() {
            at += 1;
            continue;
        }
        let rest = &characters[at..];
        if first.is_ascii_digit() || (first == '.' && rest.get(1).is_some_and(char::is_ascii_digit)) {
            let (length, whole) = number(rest);
            let text: String = rest[..length].iter().collect();
            if rest.get(length).is_some_and(|c| c.is_alphanumeric() || *c == '_' || *c == '.') {
                return Err(Problem::new(
                    place + length,
                    format!("`{}` does not belong to the number `{text}`", rest[length]),
                ));
            }
            tokens.push((Token::Number { text, whole }, place));
            at += length;
        } else if first.is_alphabetic() || first == '_' {
            let length = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
            tokens.push((Token::Name(rest[..length].iter().collect()), place));
            at += length;
        } else {
            let starts = |symbol: &&str| symbol.chars().zip(rest).filter(|(a, b)| a == *b).count() == symbol.len();
            let foreign = FOREIGN.iter().find(|(symbol, _)| starts(symbol));
            let symbol = SYMBOLS.into_iter().find(|symbol| starts(symbol));
            match (symbol, foreign) {
                // `==` and `!=` begin as foreign signs do, `*` as `**` does.
                (Some(symbol), None) => {
                    tokens.push((Token::Symbol(symbol), place));
                    at += symbol.len();
                }
                (Some(symbol), Some((sign, _))) if symbol.len() > sign.len() => {
                    tokens.push((Token::Symbol(symbol), place));
                    at += symbol.len();
                }
                (_, Some((sign, instead))) => {
                    return Err(Problem::new(place, format!("`{sign}` is no operator; write `{instead}`")));
                }
                (None, None) => {
                    return Err(Problem::new(place, format!("`{first}` is no part of an expression")));
                }
            }
        }
    }
    Ok(tokens)
}

/// The length of the number that the characters begin with, and whether it is digits alone.
fn number(characters: &[char]) -> (usize, bool) {
    let digits = |from: usize| characters[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let mut length = digits(0);
    let mut whole = true;
    if characters.get(length) == Some(&'.') {
        whole = false;
        length += 1 + digits(length + 1);
    }
    if matches!(characters.get(length), Some('e' | 'E')) {
        let sign = usize::from(matches!(characters.get(length + 1), Some('+' | '-')));
        let exponent = digits((length + 1 + sign).min(characters.len()));
        if exponent > 0 {
            whole = false;
            length += 1 + sign + exponent;
        }
    }
    (length, whole)
}
