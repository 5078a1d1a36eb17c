//! Expressions as trees with a type in every place, written out and evaluated naively: node by node, branch by branch.

/// A number or truth value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    F32(f32),
    F64(f64),
    U64(u64),
    Bool(bool),
}

use Number::{Bool, F32, F64, U64};

/// A type, in the order of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    F32,
    F64,
    U64,
    Bool,
}

impl Kind {
    pub(crate) const ALL: [Kind; 4] = [Kind::F32, Kind::F64, Kind::U64, Kind::Bool];

    pub(crate) fn name(self) -> &'static str {
        ["f32", "f64", "u64", "bool"][self as usize]
    }
}

/// An expression.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Literal(Number),
    A,
    B,
    /// A function or prefix operator.
    Unary(&'static str, Box<Tree>),
    /// An operator or function of two operands.
    Binary(&'static str, Box<Tree>, Box<Tree>),
    If(Box<[Tree; 3]>),
    Convert(Kind, Box<Tree>),
}

/// Builds a tree from a supply of random bytes, of type `kind` with variables of type `variable`.
pub(crate) fn tree(kind: Kind, variable: Kind, bytes: &mut std::slice::Iter<'_, u8>, depth: usize) -> Tree {
    let mut choose = |most: u8| bytes.next().copied().unwrap_or(0) % most;
    if depth == 0 {
        return match choose(4) {
            0 => literal(kind, choose(8)),
            1 if kind == variable => Tree::B,
            _ if kind == variable => Tree::A,
            // No `f32(a)` of a bool that is wanted as such.
            _ => Tree::Convert(kind, Box::new(Tree::A)),
        };
    }
    let choice = choose(16);
    let which = usize::from(choose(64));
    let mut child = |kind: Kind| Box::new(tree(kind, variable, bytes, depth - 1));
    match (choice, kind) {
        (0, _) => tree(kind, variable, bytes, 0),
        (1..=2, _) => Tree::If(Box::new([*child(Kind::Bool), *child(kind), *child(kind)])),
        (3, _) => Tree::Convert(kind, child(Kind::ALL[which % 4])),
        (4..=7, Kind::Bool) => {
            let operand = Kind::ALL[which % 4];
            let sign = ["<", "<=", "==", "!=", ">", ">="][which % 6];
            Tree::Binary(sign, child(operand), child(operand))
        }
        (8..=9, Kind::Bool) => Tree::Unary("not ", child(Kind::Bool)),
        (_, Kind::Bool) => Tree::Binary(["and", "or"][which % 2], child(Kind::Bool), child(Kind::Bool)),
        (4..=5, Kind::F32 | Kind::F64) => {
            Tree::Unary(["-", "abs", "sqrt", "floor", "ceil", "round"][which % 6], child(kind))
        }
        // A truth value counts as a number.
        (6, _) => Tree::Binary(["*", "+", "-"][which % 3], child(kind), child(Kind::Bool)),
        _ => Tree::Binary(["+", "-", "*", "/", "%", "min", "max"][which % 7], child(kind), child(kind)),
    }
}

fn literal(kind: Kind, choice: u8) -> Tree {
    let number = [0.0, 1.0, 2.0, 0.5, 3.0, 0.25, 7.0, 100.0][usize::from(choice)];
    Tree::Literal(match kind {
        Kind::F32 => F32(number as f32),
        Kind::F64 => F64(number),
        Kind::U64 => U64(number as u64 * 37),
        Kind::Bool => Bool(choice.is_multiple_of(2)),
    })
}

impl std::fmt::Display for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Tree::Literal(F32(x)) => write!(f, "f32({x})"),
            Tree::Literal(F64(x)) => write!(f, "f64({x})"),
            Tree::Literal(U64(x)) => write!(f, "u64({x})"),
            Tree::Literal(Bool(x)) => write!(f, "{x}"),
            Tree::A => write!(f, "a"),
            Tree::B => write!(f, "b"),
            Tree::Unary(name @ ("-" | "not "), a) => write!(f, "({name}{a})"),
            Tree::Unary(name, a) => write!(f, "{name}({a})"),
            Tree::Binary(name @ ("min" | "max"), a, b) => write!(f, "{name}({a}, {b})"),
            Tree::Binary(sign, a, b) => write!(f, "({a} {sign} {b})"),
            Tree::If(parts) => write!(f, "if({}, {}, {})", parts[0], parts[1], parts[2]),
            Tree::Convert(kind, a) => write!(f, "{}({a})", kind.name()),
        }
    }
}

/// The value, and whether an operation on u64 went wrong in a part that counts.
pub(crate) fn evaluate(tree: &Tree, a: Number, b: Number) -> (Number, bool) {
    match tree {
        Tree::Literal(number) => (*number, false),
        Tree::A => (a, false),
        Tree::B => (b, false),
        Tree::Unary(name, x) => {
            let (x, fault) = evaluate(x, a, b);
            (unary(name, x), fault)
        }
        Tree::Binary("and", x, y) => match evaluate(x, a, b) {
            (Bool(false), fault) => (Bool(false), fault),
            (_, fault) => {
                let (y, wrong) = evaluate(y, a, b);
                (y, fault | wrong)
            }
        },
        Tree::Binary("or", x, y) => match evaluate(x, a, b) {
            (Bool(true), fault) => (Bool(true), fault),
            (_, fault) => {
                let (y, wrong) = evaluate(y, a, b);
                (y, fault | wrong)
            }
        },
        Tree::Binary(name, x, y) => {
            let ((x, first), (y, second)) = (evaluate(x, a, b), evaluate(y, a, b));
            let (result, third) = binary(name, x, y);
            (result, first | second | third)
        }
        Tree::If(parts) => {
            let (condition, fault) = evaluate(&parts[0], a, b);
            let (result, wrong) = evaluate(&parts[if matches!(condition, Bool(true)) { 1 } else { 2 }], a, b);
            (result, fault | wrong)
        }
        Tree::Convert(kind, x) => {
            let (x, fault) = evaluate(x, a, b);
            let (result, wrong) = convert(*kind, x);
            (result, fault | wrong)
        }
    }
}

fn unary(name: &str, x: Number) -> Number {
    match (name, x) {
        ("not ", Bool(x)) => Bool(!x),
        ("-", F32(x)) => F32(-x),
        ("-", F64(x)) => F64(-x),
        ("abs", F32(x)) => F32(x.abs()),
        ("abs", F64(x)) => F64(x.abs()),
        ("sqrt", F32(x)) => F32(x.sqrt()),
        ("sqrt", F64(x)) => F64(x.sqrt()),
        ("floor", F32(x)) => F32(x.floor()),
        ("floor", F64(x)) => F64(x.floor()),
        ("ceil", F32(x)) => F32(x.ceil()),
        ("ceil", F64(x)) => F64(x.ceil()),
        ("round", F32(x)) => F32(x.round_ties_even()),
        ("round", F64(x)) => F64(x.round_ties_even()),
        (name, x) => panic!("{name} of {x:?}"),
    }
}

macro_rules! real {
    ($variant:ident, $name:expr, $x:expr, $y:expr) => {
        match $name {
            "+" => $variant($x + $y),
            "-" => $variant($x - $y),
            "*" => $variant($x * $y),
            "/" => $variant($x / $y),
            "%" => $variant($x % $y),
            "min" => $variant(if $x < $y { $x } else { $y }),
            "max" => $variant(if $x > $y { $x } else { $y }),
            sign => Bool(compare(sign, &$x, &$y)),
        }
    };
}

fn compare<T: PartialOrd>(sign: &str, x: &T, y: &T) -> bool {
    match sign {
        "<" => x < y,
        "<=" => x <= y,
        ">" => x > y,
        ">=" => x >= y,
        "==" => x == y,
        "!=" => !(x == y),
        other => panic!("{other}"),
    }
}

fn binary(name: &str, x: Number, y: Number) -> (Number, bool) {
    let arithmetic = matches!(name, "+" | "-" | "*" | "/" | "%");
    match (x, y) {
        // In arithmetic with a number, a truth value is one.
        (F32(_), Bool(y)) => (binary(name, x, F32(f32::from(u8::from(y)))).0, false),
        (F64(_), Bool(y)) => (binary(name, x, F64(f64::from(u8::from(y)))).0, false),
        (U64(_), Bool(y)) => binary(name, x, U64(u64::from(y))),
        (F32(x), F32(y)) => (real!(F32, name, x, y), false),
        (F64(x), F64(y)) => (real!(F64, name, x, y), false),
        (U64(x), U64(y)) if arithmetic => {
            let (exact, nearest) = match name {
                "+" => (x.checked_add(y), u64::MAX),
                "-" => (x.checked_sub(y), 0),
                "*" => (x.checked_mul(y), u64::MAX),
                "/" => (x.checked_div(y), 0),
                _ => (x.checked_rem(y), 0),
            };
            (U64(exact.unwrap_or(nearest)), exact.is_none())
        }
        (U64(x), U64(y)) if name == "min" => (U64(x.min(y)), false),
        (U64(x), U64(y)) if name == "max" => (U64(x.max(y)), false),
        (U64(x), U64(y)) => (Bool(compare(name, &x, &y)), false),
        (Bool(x), Bool(y)) => (Bool(compare(name, &x, &y)), false),
        (x, y) => panic!("{name} of {x:?} and {y:?}"),
    }
}

fn convert(kind: Kind, x: Number) -> (Number, bool) {
    let double = match x {
        F32(x) => f64::from(x),
        F64(x) => x,
        U64(x) => x as f64,
        Bool(x) => f64::from(u8::from(x)),
    };
    match (kind, x) {
        (Kind::F32, U64(x)) => (F32(x as f32), false),
        (Kind::F32, _) => (F32(double as f32), false),
        (Kind::F64, _) => (F64(double), false),
        (Kind::U64, U64(x)) => (U64(x), false),
        (Kind::U64, _) => {
            let whole = double.trunc();
            // −0 is 0.
            let fits = whole >= 0.0 && whole < 2f64.powi(64);
            (U64(double as u64), !fits)
        }
        (Kind::Bool, _) => (Bool(double != 0.0), false),
    }
}
