//! Reads expressions.

use super::column::ColumnType;
use super::error::Problem;
use super::expression::{Binary, Expression, Node, Scope, Term, Unary};
use super::token::{Token, tokens};
use crate::UnknownName;

/// The most characters of an expression.
const LONGEST: usize = 4096;
/// How deeply brackets, `-` and `not` may nest.
const DEEPEST: usize = 64;

const FUNCTIONS: [&str; 17] = [
    "if", "min", "max", "abs", "exp", "log", "log2", "sqrt", "pow", "floor", "ceil", "round", "f32", "f64", "u64",
    "bool", "not",
];

/// Reads an expression whose names mean what `scope` says.
pub(super) fn parse(text: &str, scope: Scope<'_>) -> Result<Expression, Problem> {
    let characters = text.chars().count();
    if characters > LONGEST {
        return Err(Problem::new(
            LONGEST + 1,
            format!("the expression has {characters} characters, and at most {LONGEST} are read"),
        ));
    }
    let mut parser = Parser { tokens: tokens(text)?, next: 0, end: characters + 1, depth: 0, nodes: Vec::new(), scope };
    if parser.tokens.is_empty() {
        return Err(Problem::new(1, "the expression is empty; expected a number, a name or `(`"));
    }
    parser.disjunction()?;
    match parser.tokens.get(parser.next) {
        None => Ok(Expression { nodes: parser.nodes }),
        Some((Token::Symbol(")"), place)) => Err(Problem::new(*place, "this `)` closes no bracket")),
        Some((Token::Symbol(","), place)) => Err(Problem::new(*place, "a `,` stands between arguments only")),
        Some((token, place)) => Err(Problem::new(*place, format!("expected an operator, not `{}`", token.text()))),
    }
}

struct Parser<'a> {
    tokens: Vec<(Token, usize)>,
    next: usize,
    /// The place after the last character.
    end: usize,
    depth: usize,
    nodes: Vec<Node>,
    scope: Scope<'a>,
}

impl Parser<'_> {
    fn place(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(_, place)| *place)
    }

    fn problem<T>(&self, text: impl Into<String>) -> Result<T, Problem> {
        Err(Problem::new(self.place(), text))
    }

    /// Takes one of the `symbols`, or a name of them, if it is next.
    fn take(&mut self, symbols: &[&'static str]) -> Option<&'static str> {
        let (token, _) = self.tokens.get(self.next)?;
        let found = symbols.iter().find(|symbol| token.text() == **symbol)?;
        self.next += 1;
        Some(found)
    }

    fn push(&mut self, term: Term, place: usize) -> usize {
        self.nodes.push(Node { term, place });
        self.nodes.len() - 1
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        if self.depth == DEEPEST {
            return self.problem(format!("brackets, `-` and `not` nest at most {DEEPEST} deep"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn disjunction(&mut self) -> Result<usize, Problem> {
        let mut left = self.conjunction()?;
        loop {
            let place = self.place();
            if self.take(&["or"]).is_none() {
                return Ok(left);
            }
            let right = self.conjunction()?;
            left = self.push(Term::Binary(Binary::Or, left, right), place);
        }
    }

    fn conjunction(&mut self) -> Result<usize, Problem> {
        let mut left = self.negation()?;
        loop {
            let place = self.place();
            if self.take(&["and"]).is_none() {
                return Ok(left);
            }
            let right = self.negation()?;
            left = self.push(Term::Binary(Binary::And, left, right), place);
        }
    }

    fn negation(&mut self) -> Result<usize, Problem> {
        let place = self.place();
        if self.take(&["not"]).is_some() {
            let operand = self.deeper(Self::negation)?;
            return Ok(self.push(Term::Unary(Unary::Not, operand), place));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<usize, Problem> {
        const SIGNS: [&str; 6] = ["<=", ">=", "==", "!=", "<", ">"];
        let left = self.sum()?;
        let place = self.place();
        let Some(sign) = self.take(&SIGNS) else { return Ok(left) };
        let right = self.sum()?;
        if SIGNS.contains(&self.tokens.get(self.next).map_or("", |(token, _)| token.text())) {
            return self.problem("comparisons make no chains; write `x < y and y < z`");
        }
        let term = match sign {
            "<" => Term::Binary(Binary::Less, left, right),
            ">" => Term::Binary(Binary::Less, right, left),
            "<=" => Term::Binary(Binary::LessEqual, left, right),
            ">=" => Term::Binary(Binary::LessEqual, right, left),
            "==" => Term::Binary(Binary::Equal, left, right),
            _ => Term::Binary(Binary::NotEqual, left, right),
        };
        Ok(self.push(term, place))
    }

    fn sum(&mut self) -> Result<usize, Problem> {
        let mut left = self.product()?;
        loop {
            let place = self.place();
            let operation = match self.take(&["+", "-"]) {
                Some("+") => Binary::Add,
                Some(_) => Binary::Subtract,
                None => return Ok(left),
            };
            let right = self.product()?;
            left = self.push(Term::Binary(operation, left, right), place);
        }
    }

    fn product(&mut self) -> Result<usize, Problem> {
        let mut left = self.sign()?;
        loop {
            let place = self.place();
            let operation = match self.take(&["*", "/", "%"]) {
                Some("*") => Binary::Multiply,
                Some("/") => Binary::Divide,
                Some(_) => Binary::Remainder,
                None => return Ok(left),
            };
            let right = self.sign()?;
            left = self.push(Term::Binary(operation, left, right), place);
        }
    }

    fn sign(&mut self) -> Result<usize, Problem> {
        let place = self.place();
        match self.take(&["-", "+"]) {
            Some("-") => {
                let operand = self.deeper(Self::sign)?;
                Ok(self.push(Term::Unary(Unary::Negate, operand), place))
            }
            Some(_) => self.deeper(Self::sign),
            None => self.primary(),
        }
    }

    fn primary(&mut self) -> Result<usize, Problem> {
        let place = self.place();
        let Some((token, _)) = self.tokens.get(self.next).cloned() else {
            return self.problem("the expression ends where a number, a name or `(` is expected");
        };
        match token {
            Token::Number { text, whole } => {
                self.next += 1;
                Ok(self.push(Term::Number { text, whole }, place))
            }
            Token::Symbol("(") => {
                self.next += 1;
                let inner = self.deeper(Self::disjunction)?;
                self.close(place)?;
                Ok(inner)
            }
            Token::Symbol(symbol) => self.problem(format!("expected a number, a name or `(`, not `{symbol}`")),
            Token::Name(name) => {
                let called = matches!(self.tokens.get(self.next + 1), Some((Token::Symbol("("), _)));
                if called { self.call(&name, place) } else { self.name(&name, place) }
            }
        }
    }

    fn close(&mut self, open: usize) -> Result<(), Problem> {
        if self.take(&[")"]).is_some() {
            return Ok(());
        }
        let found =
            self.tokens.get(self.next).map_or("the end".to_string(), |(token, _)| format!("`{}`", token.text()));
        self.problem(format!("expected `)` for the bracket of column {open}, not {found}"))
    }

    fn name(&mut self, name: &str, place: usize) -> Result<usize, Problem> {
        let Scope { variables, columns, single } = self.scope;
        let constant = match name {
            "inf" => Some(Term::Infinity),
            "true" => Some(Term::Truth(true)),
            "false" => Some(Term::Truth(false)),
            "nan" | "NaN" => return self.problem("`nan` is no element: it is not equal to itself"),
            "and" | "or" => return self.problem(format!("expected a number, a name or `(`, not `{name}`")),
            _ => None,
        };
        if let Some(term) = constant {
            self.next += 1;
            return Ok(self.push(term, place));
        }
        let Some(variable) = variables.iter().position(|known| *known == name) else {
            if FUNCTIONS.contains(&name) {
                return self.problem(format!("`{name}` is a function: write `{name}(…)`"));
            }
            let known: Vec<_> = variables.iter().copied().chain(["inf", "true", "false"]).collect();
            return self.problem(UnknownName::new("name", name, &known).to_string());
        };
        self.next += 1;
        let named = self.take(&["."]).is_some();
        let choices =
            || columns.iter().map(|column| format!("`{name}.{}`", column.name)).collect::<Vec<_>>().join(" or ");
        let column = match (single, named) {
            (true, false) => 0,
            (true, true) => {
                return Err(Problem::new(place, format!("`{name}` is one number and has no columns: write `{name}`")));
            }
            (false, false) => return Err(Problem::new(place, format!("`{name}` has columns: write {}", choices()))),
            (false, true) => {
                let at = self.place();
                let wanted = self.tokens.get(self.next).map_or("", |(token, _)| token.text()).to_string();
                let found = columns.iter().position(|column| column.name == wanted);
                let Some(found) = found else {
                    return Err(Problem::new(at, format!("there is no column `{wanted}`; expected {}", choices())));
                };
                self.next += 1;
                found
            }
        };
        Ok(self.push(Term::Variable { variable, column }, place))
    }

    fn call(&mut self, name: &str, place: usize) -> Result<usize, Problem> {
        if !FUNCTIONS.contains(&name) {
            return self.problem(UnknownName::new("function", name, &FUNCTIONS).to_string());
        }
        self.next += 1;
        let open = self.place();
        self.next += 1;
        let mut arguments = Vec::new();
        if self.take(&[")"]).is_none() {
            loop {
                arguments.push(self.deeper(Self::disjunction)?);
                if self.take(&[","]).is_none() {
                    break;
                }
            }
            self.close(open)?;
        }
        let count = |text: &str| Problem::new(place, format!("`{name}` takes {text}, not {}", arguments.len()));
        let unary = |operation| match arguments[..] {
            [x] => Ok(Term::Unary(operation, x)),
            _ => Err(count("one argument")),
        };
        let term = match name {
            "if" => match arguments[..] {
                [c, x, y] => Term::If(c, x, y),
                _ => return Err(count("3 arguments (condition, value, other value)")),
            },
            "pow" => match arguments[..] {
                [x, y] => Term::Binary(Binary::Power, x, y),
                _ => return Err(count("2 arguments")),
            },
            "min" | "max" => {
                let operation = if name == "min" { Binary::Min } else { Binary::Max };
                let [first, second, rest @ ..] = &arguments[..] else { return Err(count("2 arguments or more")) };
                let mut left = Term::Binary(operation, *first, *second);
                for argument in rest {
                    let inner = self.push(left, place);
                    left = Term::Binary(operation, inner, *argument);
                }
                left
            }
            "abs" => unary(Unary::Abs)?,
            "exp" => unary(Unary::Exp)?,
            "log" => unary(Unary::Log)?,
            "log2" => unary(Unary::Log2)?,
            "sqrt" => unary(Unary::Sqrt)?,
            "floor" => unary(Unary::Floor)?,
            "ceil" => unary(Unary::Ceil)?,
            "round" => unary(Unary::Round)?,
            "not" => unary(Unary::Not)?,
            conversion => match (ColumnType::named(conversion), &arguments[..]) {
                (Some(kind), [x]) => Term::Convert(kind, *x),
                _ => return Err(count("one argument")),
            },
        };
        Ok(self.push(term, place))
    }
}
