//! Whether a semiring is what the form that it names says.

use std::slice;

use crate::{Count, Fused, RoundedCount, Semiring, View};

/// An operation of a form.
type Operation<T> = fn(&T, &T) -> T;

/// Both sides as text, if the form's 0, sum or product of two values is not the semiring's; `None` without a form.
pub(super) fn violation<S: Semiring>(semiring: &S, a: &S::Value, b: &S::Value) -> Option<[String; 2]> {
    let maximum: Operation<f32> = |x, y| if x > y { *x } else { *y };
    let minimum: Operation<f32> = |x, y| if x < y { *x } else { *y };
    let plus: Operation<f32> = |x, y| x + y;
    let times: Operation<f32> = |x, y| x * y;
    let (view, zero, plus, times) = match semiring.fused()? {
        Fused::PlusTimes(view) => (view, Some(0.0), plus, times),
        Fused::MaxTimes(view) => (view, Some(0.0), maximum, times),
        Fused::MinPlus(view) => (view, Some(f32::INFINITY), minimum, plus),
        Fused::MaxPlus(view) => (view, Some(f32::NEG_INFINITY), maximum, plus),
        Fused::MaxMin(view) => (view, None, maximum, minimum),
        Fused::Counts(view) => return compare(semiring, &view, a, b, Some(Count::ZERO), [Count::plus, Count::times]),
        Fused::RoundedCounts(view) => {
            let operations: [Operation<RoundedCount>; 2] = [|x, y| x.plus(*y), |x, y| x.times(*y)];
            return compare(semiring, &view, a, b, Some(RoundedCount::ZERO), operations);
        }
    };
    compare(semiring, &view, a, b, zero, [plus, times])
}

/// Compares operations on viewed values with those of the semiring. A form has a 0 of its own but for max-min, whose 0 is
/// the semiring's.
fn compare<S: Semiring, T: Clone + PartialEq + std::fmt::Debug>(
    semiring: &S,
    view: &View<S::Value, T>,
    a: &S::Value,
    b: &S::Value,
    zero: Option<T>,
    [plus, times]: [Operation<T>; 2],
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
