//! From S-expressions to circuits.

use std::collections::HashMap;

use kirchhoff_circuit::{GateBuilder, GateCircuit, GateError, GateId, GateLayer};
use kirchhoff_semiring::{Interval, Law, Laws};
use thiserror::Error;

/// Expressions nest no deeper: each level takes a part of the stack.
const MOST_NESTED: usize = 500;

/// A text that is no circuit.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}, column {column}: {problem}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: String,
}

/// The circuit that an S-expression, as [`sexpr`](super::sexpr) writes it, describes.
///
/// Variables need no declaration: they have the order in which they first come. `⊕` and `⊗` may be written for `+` and
/// `*`, and what follows `;` up to the end of its line is a comment. Takes time and memory in the length of the text
/// and makes at most `max_gates` gates; does not panic, whatever the text.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn parse(text: &str, max_gates: u64) -> Result<GateCircuit, ParseError> {
    let mut parser = Parser {
        characters: text.chars().peekable(),
        line: 1,
        column: 1,
        token: Token::End,
        place: (1, 1),
        builder: GateBuilder::new(Vec::new(), max_gates),
        names: HashMap::new(),
    };
    parser.advance()?;
    parser.circuit()?;
    let place = parser.place;
    parser.builder.finish().map_err(|error| at(place, error.to_string()))
}

/// The name of a law in files: `commutative-times`.
pub(super) fn law_name(law: Law) -> &'static str {
    match law {
        Law::CommutativeTimes => "commutative-times",
        Law::IdempotentPlus => "idempotent-plus",
        Law::IdempotentTimes => "idempotent-times",
        Law::Absorptive => "absorptive",
        Law::Selective => "selective",
    }
}

fn at((line, column): (usize, usize), problem: impl Into<String>) -> ParseError {
    ParseError { line, column, problem: problem.into() }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Text(String),
    Word(String),
    End,
}

impl Token {
    /// As an error shows it.
    fn shown(&self) -> String {
        let shortened = |text: &str| match text.char_indices().nth(40) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_string(),
        };
        match self {
            Token::Open => "`(`".to_string(),
            Token::Close => "`)`".to_string(),
            Token::Text(text) => format!("{:?}", shortened(text)),
            Token::Word(word) => format!("`{}`", shortened(word)),
            Token::End => "the end of the text".to_string(),
        }
    }
}

struct Parser<'a> {
    characters: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
    column: usize,
    /// The token that comes next, and where it stands.
    token: Token,
    place: (usize, usize),
    builder: GateBuilder,
    /// Subformulas with names.
    names: HashMap<String, GateId>,
}

impl Parser<'_> {
    fn character(&mut self) -> Option<char> {
        let next = self.characters.next();
        match next {
            Some('\n') => (self.line, self.column) = (self.line + 1, 1),
            Some(_) => self.column += 1,
            None => {}
        }
        next
    }

    /// Takes the next token and reads the one behind it.
    fn advance(&mut self) -> Result<Token, ParseError> {
        loop {
            match self.characters.peek() {
                Some(c) if c.is_whitespace() => {
                    self.character();
                }
                Some(';') => while !matches!(self.character(), None | Some('\n')) {},
                _ => break,
            }
        }
        self.place = (self.line, self.column);
        let next = match self.character() {
            None => Token::End,
            Some('(') => Token::Open,
            Some(')') => Token::Close,
            Some('"') => Token::Text(self.quoted()?),
            Some(first) => {
                let mut word = first.to_string();
                while let Some(&c) = self.characters.peek()
                    && !c.is_whitespace()
                    && !matches!(c, '(' | ')' | '"' | ';')
                {
                    word.push(c);
                    self.character();
                }
                Token::Word(word)
            }
        };
        Ok(std::mem::replace(&mut self.token, next))
    }

    /// What stands up to the closing quotation mark.
    fn quoted(&mut self) -> Result<String, ParseError> {
        let start = self.place;
        let open = || at(start, "the string has no end");
        let mut text = String::new();
        loop {
            match self.character().ok_or_else(open)? {
                '"' => return Ok(text),
                '\\' => match self.character().ok_or_else(open)? {
                    c @ ('"' | '\\') => text.push(c),
                    'u' if self.character() == Some('{') => {
                        let mut digits = String::new();
                        while let Some(c) = self.character().filter(|&c| c != '}' && digits.len() < 8) {
                            digits.push(c);
                        }
                        let character = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                        text.push(character.ok_or_else(|| at(start, format!("`\\u{{{digits}}}` is no character")))?);
                    }
                    _ => return Err(at(start, "after a backslash comes a quotation mark, a backslash or `u{…}`")),
                },
                c => text.push(c),
            }
        }
    }

    fn expected<T>(&self, what: &str) -> Result<T, ParseError> {
        Err(at(self.place, format!("{what} should stand here, not {}", self.token.shown())))
    }

    fn expect(&mut self, token: Token) -> Result<(), ParseError> {
        if self.token != token {
            return self.expected(&token.shown());
        }
        self.advance().map(|_| ())
    }

    fn word(&mut self, what: &str) -> Result<String, ParseError> {
        match self.advance_if(|token| matches!(token, Token::Word(_)), what)? {
            Token::Word(word) => Ok(word),
            _ => self.expected(what),
        }
    }

    fn string(&mut self, what: &str) -> Result<String, ParseError> {
        match self.advance_if(|token| matches!(token, Token::Text(_)), what)? {
            Token::Text(text) => Ok(text),
            _ => self.expected(what),
        }
    }

    fn advance_if(&mut self, fits: impl Fn(&Token) -> bool, what: &str) -> Result<Token, ParseError> {
        if fits(&self.token) { self.advance() } else { self.expected(what) }
    }

    fn read<T: std::str::FromStr>(&mut self, what: &str) -> Result<T, ParseError> {
        let place = self.place;
        let word = self.word(what)?;
        word.parse().map_err(|_| at(place, format!("{what} should stand here, not {}", Token::Word(word).shown())))
    }

    fn circuit(&mut self) -> Result<(), ParseError> {
        self.expect(Token::Open)?;
        self.expect(Token::Word("circuit".to_string()))?;
        while self.token == Token::Open {
            self.advance()?;
            let place = self.place;
            let item = self.word("`requires`, `layer`, `variables`, `let` or `output`")?;
            match &item[..] {
                "requires" => self.laws()?,
                "layer" => self.layer()?,
                "variables" => self.variables()?,
                "let" => self.definition()?,
                "output" => self.output()?,
                _ => return Err(at(place, format!("a circuit has no {}", Token::Word(item).shown()))),
            }
            self.expect(Token::Close)?;
        }
        self.expect(Token::Close)?;
        if self.token == Token::End { Ok(()) } else { self.expected("the end of the text") }
    }

    fn laws(&mut self) -> Result<(), ParseError> {
        while self.token != Token::Close {
            let place = self.place;
            let name = self.word("a law")?;
            let Some(law) = Law::ALL.into_iter().find(|&law| law_name(law) == name) else {
                let names: Vec<&str> = Law::ALL.into_iter().map(law_name).collect();
                return Err(at(place, format!("no law is called `{name}`; there are {}", names.join(", "))));
            };
            self.builder.require(Laws::of(&[law]));
        }
        Ok(())
    }

    fn layer(&mut self) -> Result<(), ParseError> {
        let (name, rule) = (self.string("the layer's name")?, self.string("its rule")?);
        let mut range = None;
        if self.token == Token::Open {
            self.advance()?;
            self.expect(Token::Word("range".to_string()))?;
            let mut interval = Interval::open(self.read("a number")?, self.read("a number")?);
            while self.token != Token::Close {
                match &self.word("`closed-below` or `closed-above`")?[..] {
                    "closed-below" => interval.closed_below = true,
                    "closed-above" => interval.closed_above = true,
                    _ => return self.expected("`closed-below` or `closed-above`"),
                }
            }
            self.advance()?;
            range = Some(interval);
        }
        self.builder.add_layer(GateLayer { name, rule, range });
        Ok(())
    }

    fn variables(&mut self) -> Result<(), ParseError> {
        while self.token != Token::Close {
            let name = self.string("a variable's name")?;
            self.builder.declare(&name);
        }
        Ok(())
    }

    fn definition(&mut self) -> Result<(), ParseError> {
        let place = self.place;
        let name = self.word("a name")?;
        if name.starts_with(|c: char| c.is_ascii_digit()) || matches!(&name[..], "+" | "*" | "⊕" | "⊗" | "d") {
            return Err(at(place, format!("`{name}` cannot be the name of a subformula")));
        }
        let gate = self.expression(0)?;
        match self.names.insert(name.clone(), gate) {
            None => Ok(()),
            Some(_) => Err(at(place, format!("two subformulas are called `{name}`"))),
        }
    }

    fn output(&mut self) -> Result<(), ParseError> {
        let place = self.place;
        let name = self.string("the output's name")?;
        self.expect(Token::Open)?;
        let mut shape: Vec<usize> = Vec::new();
        while self.token != Token::Close {
            shape.push(self.read("a size")?);
        }
        self.advance()?;
        let mut gates = Vec::new();
        while self.token != Token::Close {
            gates.push(self.expression(0)?);
        }
        let expected = shape.iter().try_fold(1usize, |size, &axis| size.checked_mul(axis));
        if expected != Some(gates.len()) {
            return Err(at(
                place,
                format!("output {name:?} has {} expressions, its shape another number", gates.len()),
            ));
        }
        self.made(place, |builder| builder.output(&name, &shape, &gates))
    }

    fn made<T>(
        &mut self,
        place: (usize, usize),
        make: impl FnOnce(&mut GateBuilder) -> Result<T, GateError>,
    ) -> Result<T, ParseError> {
        make(&mut self.builder).map_err(|error| at(place, error.to_string()))
    }

    fn expression(&mut self, depth: usize) -> Result<GateId, ParseError> {
        let place = self.place;
        if depth > MOST_NESTED {
            return Err(at(place, format!("expressions nest deeper than {MOST_NESTED}: name subformulas with `let`")));
        }
        match &self.token {
            Token::Text(_) => {
                let name = self.string("a variable")?;
                let number = self.builder.declare(&name);
                self.made(place, |builder| builder.variable(number))
            }
            Token::Word(_) => {
                let word = self.word("an expression")?;
                match &word[..] {
                    "0" => self.made(place, GateBuilder::zero),
                    "1" => self.made(place, GateBuilder::one),
                    _ => self.names.get(&word).copied().ok_or_else(|| {
                        let word = Token::Word(word).shown();
                        at(place, format!("no subformula is called {word} here; variables have quotation marks"))
                    }),
                }
            }
            Token::Open => {
                self.advance()?;
                let sign = self.word("`+`, `*` or `d`")?;
                let gate = match &sign[..] {
                    "d" => {
                        let (layer, d) = (self.read("the number of a layer")?, self.read("a number")?);
                        self.made(place, |builder| builder.contribution(layer, d))?
                    }
                    "+" | "⊕" | "*" | "⊗" => {
                        let mut children = Vec::new();
                        while self.token != Token::Close {
                            children.push(self.expression(depth + 1)?);
                        }
                        let sum = matches!(&sign[..], "+" | "⊕");
                        self.made(place, |builder| match sum {
                            true => builder.plus(&children),
                            false => builder.times(&children),
                        })?
                    }
                    _ => {
                        let problem = format!("`+`, `*` or `d` should stand here, not {}", Token::Word(sign).shown());
                        return Err(at(place, problem));
                    }
                };
                self.expect(Token::Close)?;
                Ok(gate)
            }
            Token::Close | Token::End => self.expected("an expression"),
        }
    }
}
