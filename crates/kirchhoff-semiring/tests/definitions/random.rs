//! Random expressions against the naive interpreter, and malformed texts.

use kirchhoff_semiring::{Cells, Defined, DefinedSemiring, Definition, Semiring};
use proptest::prelude::*;

use crate::examples::texts;
use crate::interpreter::{Kind, Number, Tree, evaluate, tree};

/// Holds one product of `semiring` to the interpreter's, and a block of them to the bit.
fn agree<V: Cells>(
    semiring: &Defined<V>,
    expression: &Tree,
    values: &[V],
    number: impl Fn(V) -> Number,
    bits: impl Fn(Number) -> u64,
) -> Result<(), TestCaseError> {
    for a in values {
        for b in values {
            let (expected, fault) = evaluate(expression, number(*a), number(*b));
            let found = semiring.times(a, b);
            prop_assert_eq!(bits(number(found)), bits(expected), "{} of {:?} and {:?}", expression, a, b);
            prop_assert_eq!(semiring.take_fault().is_err(), fault, "{} of {:?} and {:?}", expression, a, b);
        }
    }
    // ⊕ is `b`, so that the block form yields the products.
    let (theta, relevance): (Vec<V>, Vec<V>) =
        values.iter().flat_map(|a| values.iter().map(move |b| (*a, *b))).cycle().take(300).unzip();
    let mut sums = vec![values[0]; theta.len()];
    semiring.accumulate(&mut sums, &theta, &relevance);
    for ((sum, a), b) in sums.iter().zip(&theta).zip(&relevance) {
        prop_assert_eq!(bits(number(*sum)), bits(number(semiring.times(a, b))));
    }
    let _ = semiring.take_fault();
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn random_expressions_mean_what_the_interpreter_says(
        kind in prop::sample::select(&Kind::ALL[..]),
        bytes in prop::collection::vec(any::<u8>(), 0..160),
        depth in 0usize..6,
    ) {
        let expression = tree(kind, kind, &mut bytes.iter(), depth);
        let name = kind.name();
        let text = format!("name = \"random\"\nvalue = \"{name}\"\nzero = 0\none = 1\nplus = \"b\"\n\
             times = \"{expression}\"\ntheta = \"threshold(0.5)\"");
        prop_assume!(expression.to_string().len() <= 4096);
        let definition = Definition::from_toml(&text, "random");
        let definition = definition.map_err(|error| TestCaseError::fail(format!("{error}: {expression}")))?;
        let nan = |bits: u64, is_nan: bool| if is_nan { u64::MAX } else { bits };
        let bits = |number: Number| match number {
            Number::F32(x) => nan(u64::from(x.to_bits()), x.is_nan()),
            Number::F64(x) => nan(x.to_bits(), x.is_nan()),
            Number::U64(x) => x,
            Number::Bool(x) => u64::from(x),
        };
        match definition.semiring() {
            DefinedSemiring::F32(semiring) => {
                let values = [0.0, 1.0, -1.5, 0.3, 1e30, f32::INFINITY, -7.0];
                agree(&semiring, &expression, &values, Number::F32, bits)?;
            }
            DefinedSemiring::F64(semiring) => {
                let values = [0.0, 1.0, -1.5, 0.3, 1e300, f64::NEG_INFINITY, 7.0];
                agree(&semiring, &expression, &values, Number::F64, bits)?;
            }
            DefinedSemiring::U64(semiring) => {
                agree(&semiring, &expression, &[0, 1, 2, 7, 1 << 33, u64::MAX], Number::U64, bits)?;
            }
            DefinedSemiring::Bool(semiring) => agree(&semiring, &expression, &[false, true], Number::Bool, bits)?,
            other => prop_assert!(false, "one number, not {other:?}"),
        }
    }

    #[test]
    fn damaged_definitions_are_refused_without_a_panic(
        which in 0usize..9,
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[-a-z0-9.,()=\"'<>*/+ \\[\\]{}\n∞é]"), 1..6),
    ) {
        let mut text: Vec<char> = texts().nth(which).unwrap().chars().collect();
        for (place, replacement) in edits {
            let place = place.index(text.len());
            match replacement.chars().next() {
                Some('é') => drop(text.remove(place)),
                Some('a'..='m') => text.insert(place, replacement.chars().next().unwrap()),
                other => text[place] = other.unwrap_or(' '),
            }
        }
        let text: String = text.into_iter().collect();
        match Definition::from_toml(&text, "damaged.toml") {
            Ok(definition) => {
                let DefinedSemiring::Wide2(semiring) = definition.semiring() else { return Ok(()) };
                prop_assert_eq!(semiring.laws(), definition.laws());
            }
            Err(error) => prop_assert!(error.to_string().starts_with("damaged.toml: "), "{}", error),
        }
    }

    #[test]
    fn no_text_makes_the_reader_of_expressions_panic(text in "[abd0-9.e<>=!&|^(),+*/% minmaxifnotandor_ué∞-]{0,40}") {
        let call = format!("define(plus='{text}', times=\"a * b\", zero=0, one=1, theta='d')");
        if let Err(error) = Definition::from_call(&call) {
            prop_assert!(error.to_string().starts_with("define(...): "), "{}", error);
        }
        let _ = Definition::parse(&text, "text");
        let _ = Definition::from_call(&text);
    }
}
