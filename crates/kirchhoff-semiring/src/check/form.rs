//! Whether a semiring is what the form that it names says.

use std::slice;

use crate::{Count, Fused, RoundedCount, Semiring, View};

/// Both sides as text, if the form's 0, sum or product of two values is not the semiring's; `None` without a form.
pub(super) fn violation<S: Semiring>(semiring: &S, a: &S::Value, b: &S::Value) -> Option<[String; 2]> {
    let maximum = |x: &f32, y: &f32| if x > y { *x } else { *y };
    let minimum = |x: &f32, y: &f32| if x < y { *x } else { *y };
    let plus = |x: &f32, y: &f32| x + y;
    let times = |x: &f32, y: &f32| x * y;
    match semiring.fused()? {
        Fused::PlusTimes(view) => compare(semiring, &view, a, b, Some(0.0), plus, times),
        Fused::MaxTimes(view) => compare(semiring, &view, a, b, Some(0.0), maximum, times),
        Fused::MinPlus(view) => compare(semiring, &view, a, b, Some(f32::INFINITY), minimum, plus),
        Fused::MaxPlus(view) => compare(semiring, &view, a, b, Some(f32::NEG_INFINITY), maximum, plus),
        Fused::MaxMin(view) => compare(semiring, &view, a, b, None, maximum, minimum),
        Fused::Counts(view) => compare(semiring, &view, a, b, Some(Count::ZERO), Count::plus, Count::times),
        Fused::RoundedCounts(view) => {
            let (plus, times) = (|x: &RoundedCount, y: &_| x.plus(*y), |x: &RoundedCount, y: &_| x.times(*y));
            compare(semiring, &view, a, b, Some(RoundedCount::ZERO), plus, times)
        }
    }
}

/// Compares operations on viewed values with those of the semiring. A form has a 0 of its own but for max-min, whose 0 is
/// the semiring's.
fn compare<S: Semiring, T: Clone + PartialEq + std::fmt::Debug>(
    semiring: &S,
    view: &View<S::Value, T>,
    a: &S::Value,
    b: &S::Value,
    zero: Option<T>,
    plus: impl Fn(&T, &T) -> T,
    times: impl Fn(&T, &T) -> T,
) -> Option<[String; 2]> {
    let no_view = || Some(["a view of another length".to_string(), "one value for each".to_string()]);
    let read = |value: &S::Value| (view.read)(slice::from_ref(value)).first().cloned();
    let (Some(x), Some(y), Some(own)) = (read(a), read(b), read(&semiring.zero())) else { return no_view() };
    if let Some(zero) = zero.filter(|zero| *zero != own) {
        return Some([format!("{zero:?} as 0"), format!("{own:?} as 0")]);
    }
    let sides = [(plus(&x, &y), semiring.plus(a, b), "a ⊕ b"), (times(&x, &y), semiring.times(a, b), "a ⊗ b")];
    for (found, expected, what) in sides {
        let mut value = semiring.zero();
        let Some(place) = (view.write)(slice::from_mut(&mut value)).first_mut() else { return no_view() };
        *place = found;
        if !semiring.close(&value, &expected) {
            return Some([format!("{what} = {value:?}"), format!("{what} = {expected:?}")]);
        }
    }
    None
}
