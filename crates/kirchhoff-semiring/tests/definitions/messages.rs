//! What is said of definitions that do not fit.

use kirchhoff_semiring::Definition;

/// The message about a one-line definition of which one field has another text.
fn with(field: &str, text: &str) -> String {
    let fields = [
        ("plus", "\"max(a, b)\""),
        ("times", "\"a * b\""),
        ("zero", "0"),
        ("one", "1"),
        ("theta", "\"min(abs(d), 1)\""),
    ];
    let mut parts: Vec<String> =
        fields.iter().map(|(name, usual)| format!("{name}={}", if *name == field { text } else { usual })).collect();
    if !fields.iter().any(|(name, _)| *name == field) {
        parts.push(format!("{field}={text}"));
    }
    match Definition::from_call(&format!("define({})", parts.join(", "))) {
        Ok(_) => "none".to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_wrong_in_an_expression_is_named_with_its_column() {
    for (text, expected) in [
        ("max(a, c)", "field `plus`, column 8: unknown name `c`; known: a, b, inf, true, false"),
        ("maxx(a, b)", "column 1: unknown function `maxx`: did you mean `max`?"),
        ("max(a b)", "column 7: expected `)` for the bracket of column 4, not `b`"),
        ("max(a, b", "column 9: expected `)` for the bracket of column 4, not the end"),
        ("a + ", "column 5: the expression ends where a number, a name or `(` is expected"),
        ("", "column 1: the expression is empty"),
        ("a ** b", "column 3: `**` is no operator; write `pow(x, y)`"),
        ("a && b", "column 3: `&&` is no operator; write `and`"),
        ("a = b", "column 3: `=` is no operator; write `==`"),
        ("a ? b", "column 3: `?` is no operator; write `if(c, x, y)`"),
        ("a < b < 1", "column 7: comparisons make no chains; write `x < y and y < z`"),
        ("nan", "column 1: `nan` is no element"),
        ("a.cost", "column 1: `a` is one number and has no columns: write `a`"),
        ("a < b", "none"),
        ("if(a, a, b)", "column 4: `if` takes bool, not f32; write a comparison, such as `x != 0`"),
        ("if(a > b, a)", "column 1: `if` takes 3 arguments (condition, value, other value), not 2"),
        ("u64(a)", "column 1: this is u64 where f32 is needed; write `f32(…)`"),
        ("f64(a)", "column 1: this is f64 where f32 is needed; write `f32(…)`"),
        ("1e39 * a", "column 1: 1e39 is more than the largest f32, 3.4028234663852886e38; infinity is `inf`"),
        ("2x", "column 2: `x` does not belong to the number `2`"),
        ("a)", "column 2: this `)` closes no bracket"),
        ("a b", "column 3: expected an operator, not `b`"),
        ("a, b", "column 2: a `,` stands between arguments only"),
        ("max", "column 1: `max` is a function: write `max(…)`"),
        ("a # b", "column 3: `#` is no part of an expression"),
    ] {
        let message = with("plus", &format!("\"{text}\""));
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn numbers_that_a_type_does_not_have_are_named() {
    let with_value = |expression: &str| {
        let text =
            format!(r#"define(value="u64", plus="{expression}", times="a * b", zero=0, one=1, theta="threshold")"#);
        Definition::from_call(&text).err().map_or("none".to_string(), |error| error.to_string())
    };
    for (text, expected) in [
        ("a + 0.5", "column 5: 0.5 is no u64; write a whole number in digits, or use a column of f32 or f64"),
        ("a + inf", "column 5: u64 has no infinity; its largest number is 18446744073709551615"),
        ("a + 18446744073709551616", "column 5: 18446744073709551616 is more than the largest u64"),
        ("-a", "column 1: a u64 has no negative"),
        ("sqrt(a)", "column 1: `sqrt` takes f32 or f64, not u64; write `sqrt(f64(…))`"),
        ("a + f32(b)", "column 3: u64 meets f32; `f32(…)` or `u64(…)` converts one of them"),
        ("a and b", "column 1: `and` takes bool, not u64"),
        ("a + 2.0", "none"),
        ("max(a, b) + (a < b)", "none"),
    ] {
        let message = with_value(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn fields_that_are_missing_unknown_or_wrong_are_named() {
    for (field, text, expected) in [
        ("plu", "0", "field `plu`: unknown field `plu`: did you mean `plus`?"),
        ("value", "\"f16\"", "field `value`: unknown type `f16`"),
        ("laws", "[\"comutative\"]", "field `laws`: unknown law `comutative`: did you mean `commutative`?"),
        (
            "order",
            "\"up\"",
            "field `order`: expected \"share\" (larger is more), \"cost\" (smaller is more) or \"signed\", not \"up\"",
        ),
        ("name", "\"My semiring\"", "field `name`: `My semiring` is no name"),
        ("start", "\"two\"", "field `start`: expected \"one\" or \"logit\", not \"two\""),
        ("theta", "\"rank\"", "field `theta`: `rank` depends on the other contributions of the layer"),
        ("theta", "\"threshold(x)\"", "field `theta`: in `threshold(x)`, argument 1 is `x`, not a finite number"),
        ("zero", "nan", "field `zero`: `nan` is no element"),
        ("zero", "\"0 / 0\"", "field `zero`, column 1: this is not a number"),
        ("zero", "\"a\"", "field `zero`, column 1: unknown name `a`"),
        ("zero", "[0]", "field `zero`: expected an expression in quotes, not a list"),
        ("show", "\"b\"", "field `show`, column 1: unknown name `b`"),
    ] {
        let message = with(field, text);
        assert!(message.contains(expected), "{field} = {text}: {message}");
    }
    let missing = Definition::from_call("define(plus=\"a\", zero=0, one=1, theta=\"d\")").unwrap_err();
    assert_eq!(missing.to_string(), "define(...): field `times`: it is missing; expected `times = \"…\"`");
    let nameless = Definition::from_toml("value = \"f32\"", "mine.toml").unwrap_err();
    assert!(nameless.to_string().starts_with("mine.toml: field `name`: it is missing"), "{nameless}");
}

#[test]
fn records_name_their_columns() {
    let record = |plus: &str| {
        let text = format!(
            "name = \"pair\"\nvalue = {{ x = \"f32\", y = \"f32\" }}\nzero = {{ x = 0, y = 0 }}\none = {{ x = 1, y = 1 }}\n\
             plus = {plus}\ntimes = {{ x = \"a.x * b.x\", y = \"a.y * b.y\" }}\ntheta = \"threshold(0.5)\"\n\
             show = \"a.x\"\norder = \"share\""
        );
        Definition::from_toml(&text, "pair.toml").err().map_or("none".to_string(), |error| error.to_string())
    };
    for (plus, expected) in [
        ("{ x = \"a.x + b.x\" }", "pair.toml: field `plus.y`: it is missing; every column needs an expression"),
        ("{ x = \"a.x\", y = \"a.y\", z = \"a\" }", "field `plus.z`: a value has no column `z`; it has `x`, `y`"),
        ("{ x = \"a\", y = \"a.y\" }", "field `plus.x`, column 1: `a` has columns: write `a.x` or `a.y`"),
        (
            "{ x = \"a.x + b.z\", y = \"a.y\" }",
            "field `plus.x`, column 9: there is no column `z`; expected `b.x` or `b.y`",
        ),
        ("\"a\"", "field `plus`: expected a table with an expression for each column, not a text"),
        ("{ x = \"a.x + b.x\", y = \"a.y + b.y\" }", "none"),
    ] {
        let message = record(plus);
        assert!(message.contains(expected), "{plus}: {message}");
    }
}

#[test]
fn what_is_no_toml_is_placed() {
    let error = Definition::from_toml("name = \"x\"\nvalue = = 3", "mine.toml").unwrap_err().to_string();
    assert!(error.starts_with("mine.toml: line 2, column "), "{error}");
    let error = Definition::from_call("define(plus=max(a, b))").unwrap_err().to_string();
    assert!(error.starts_with("define(...): column 13: "), "{error}");
    let error = Definition::from_call("define(plus=\"a\"").unwrap_err().to_string();
    assert!(error.contains("the bracket does not close at the end"), "{error}");
    assert!(Definition::is_call(" define (plus=1)") && !Definition::is_call("defined"));
}

#[test]
fn long_and_deep_expressions_are_refused() {
    let deep = "(".repeat(1_000_000);
    assert!(with("plus", &format!("\"{deep}\"")).contains("column 4097: the expression has 1000000 characters"));
    let nested = format!("\"{}a{}\"", "(".repeat(65), ")".repeat(65));
    assert!(with("plus", &nested).contains("brackets, `-` and `not` nest at most 64 deep"));
    let signs = format!("\"{}a\"", "-".repeat(4000));
    assert!(with("plus", &signs).contains("nest at most 64 deep"));
    // A chain is as deep as it is long, and is no nesting.
    let chain = format!("\"{}\"", vec!["a"; 2000].join("+"));
    assert_eq!(with("plus", &chain), "none");
}
