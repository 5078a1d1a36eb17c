//! Values of several numbers as words: the first words of many values one after the other, then the second ones. A loop over
//! values is then a loop over words, which the compiler makes vector operations of; values that lie one after the other it
//! would load and store number by number.
//!
//! Nothing here knows what the words mean. A value is cloned once and moved into words, and moved out of them for as long as
//! it is asked for; the compiler sees through both moves.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::lanes::LANES;

/// The most words of a value.
const MOST: usize = 8;

/// Words of a value; 0 where it is better left as it is, being one word alone or owning memory.
pub(super) const fn words<V, W>() -> usize {
    let number = size_of::<V>() / size_of::<W>();
    let fits = align_of::<V>() == align_of::<W>() && number * size_of::<W>() == size_of::<V>();
    if fits && number > 1 && number <= MOST && !std::mem::needs_drop::<V>() { number } else { 0 }
}

/// A word: any bits, or none, as between the fields of a tuple.
type Word<W> = MaybeUninit<W>;

/// Values on the stack, one a lane.
pub(super) struct WordLanes<V, W> {
    words: [[Word<W>; LANES]; MOST],
    values: PhantomData<V>,
}

/// Values to be read by the task that has cloned them.
pub(crate) struct WordPlanes<V, W> {
    words: Vec<Word<W>>,
    length: usize,
    values: PhantomData<V>,
}

/// Some neighbours of [`WordPlanes`], one a lane.
pub(crate) struct WordSlices<'a, V, W> {
    words: [&'a [Word<W>; LANES]; MOST],
    values: PhantomData<&'a V>,
}

/// The value that has been moved into words, which is not to be dropped.
///
/// # Safety
/// The words of all numbers below [`words`] are those of one value.
#[inline(always)]
unsafe fn gathered<V, W: Copy>(word: impl Fn(usize) -> Word<W>) -> MaybeUninit<V> {
    let mut value = MaybeUninit::<V>::uninit();
    let place = value.as_mut_ptr().cast::<Word<W>>();
    for number in 0..const { words::<V, W>() } {
        // SAFETY: `V` is as large as so many words, and aligned as they are.
        unsafe { place.add(number).write(word(number)) };
    }
    value
}

/// Moves a value into words.
#[inline(always)]
fn scatter<V, W: Copy>(value: &MaybeUninit<V>, mut put: impl FnMut(usize, Word<W>)) {
    let place = value.as_ptr().cast::<Word<W>>();
    for number in 0..const { words::<V, W>() } {
        // SAFETY: `V` is as large as so many words, and aligned as they are; a word may hold bits that are none.
        put(number, unsafe { place.add(number).read() });
    }
}

impl<V: Clone, W: Copy> WordLanes<V, W> {
    /// The same in every lane.
    #[inline(always)]
    pub fn filled(value: &V) -> Self {
        let mut lanes = WordLanes { words: [[MaybeUninit::uninit(); LANES]; MOST], values: PhantomData };
        for lane in 0..LANES {
            scatter(&MaybeUninit::new(value.clone()), |number, word| lanes.words[number][lane] = word);
        }
        lanes
    }

    /// Changes the value of a lane.
    #[inline(always)]
    pub fn change(&mut self, lane: usize, change: impl FnOnce(&mut V)) {
        // SAFETY: every lane has been given a value. It is here alone until it is moved back: `self` is borrowed, and whoever
        // unwinds lets go of all lanes, which drops none of them.
        let mut value = unsafe { gathered::<V, W>(|number| self.words[number][lane]) };
        // SAFETY: as above.
        change(unsafe { value.assume_init_mut() });
        scatter(&value, |number, word| self.words[number][lane] = word);
    }

    /// Gives the value of a lane away as a copy.
    #[inline(always)]
    pub fn copy(&mut self, lane: usize) -> V {
        let mut copy = None;
        self.change(lane, |value| copy = Some(value.clone()));
        copy.expect("it is called once")
    }
}

impl<V: Clone, W: Copy> WordPlanes<V, W> {
    /// No values.
    pub fn empty() -> Self {
        WordPlanes { words: Vec::new(), length: 0, values: PhantomData }
    }

    /// Makes it copies of pieces of values, one after the other, of which there are so many in all.
    pub fn fill<'v>(&mut self, pieces: impl Iterator<Item = &'v [V]>, length: usize)
    where
        V: 'v,
    {
        self.length = length;
        self.words.clear();
        self.words.resize(length * const { words::<V, W>() }, MaybeUninit::uninit());
        let mut at = 0;
        for value in pieces.flatten() {
            scatter(&MaybeUninit::new(value.clone()), |number, word| self.words[number * length + at] = word);
            at += 1;
        }
        assert_eq!(at, length, "pieces of another length");
    }

    /// The lanes from a place on.
    #[inline(always)]
    pub fn lanes(&self, start: usize) -> WordSlices<'_, V, W> {
        let words = std::array::from_fn(|number| {
            let first = if number < const { words::<V, W>() } { number * self.length + start } else { 0 };
            self.words[first..first + LANES].try_into().expect("as many as there are lanes")
        });
        WordSlices { words, values: PhantomData }
    }
}

impl<V, W: Copy> WordSlices<'_, V, W> {
    /// Shows the value of a lane. The kernel, which alone calls this, asks for one value at a time.
    #[inline(always)]
    pub fn show(&self, lane: usize, show: impl FnOnce(&V)) {
        // SAFETY: planes are filled with values, which the task has cloned for itself, so that a value is in one place at a time:
        // here while it is shown, else in its words.
        let value = unsafe { gathered::<V, W>(|number| self.words[number][lane]) };
        // SAFETY: as above.
        show(unsafe { value.assume_init_ref() });
    }
}

/// The relevance of a strip: as it is, or as words where values have some.
pub(crate) enum Relevance<'a, V> {
    Values(&'a [V]),
    Narrow(&'a WordPlanes<V, u32>),
    Wide(&'a WordPlanes<V, u64>),
}

/// Whether values have words, of 32 bits or of 64.
pub(super) const fn has_words<V>() -> bool {
    words::<V, u32>() > 0 || words::<V, u64>() > 0
}

/// Words of a strip's relevance, for tasks that make their own.
pub(super) struct StripWords<V> {
    narrow: WordPlanes<V, u32>,
    wide: WordPlanes<V, u64>,
}

impl<V: Clone> StripWords<V> {
    pub fn empty() -> Self {
        StripWords { narrow: WordPlanes::empty(), wide: WordPlanes::empty() }
    }

    /// Makes it copies of pieces of the planes.
    pub fn fill<'v>(&mut self, pieces: impl Iterator<Item = &'v [V]>, length: usize)
    where
        V: 'v,
    {
        if const { words::<V, u32>() > 0 } {
            self.narrow.fill(pieces, length);
        } else {
            self.wide.fill(pieces, length);
        }
    }

    /// The words, or the values where there are none.
    pub fn relevance<'a>(&'a self, values: &'a [V]) -> Relevance<'a, V> {
        if const { words::<V, u32>() > 0 } {
            Relevance::Narrow(&self.narrow)
        } else if const { words::<V, u64>() > 0 } {
            Relevance::Wide(&self.wide)
        } else {
            Relevance::Values(values)
        }
    }
}

/// Against values that are left as they are. Small enough for Miri, which sees every byte that is read without having been written.
#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    /// Values in words, beside the same values in a vector.
    fn check<V: Clone + PartialEq + Debug, W: Copy>(value: impl Fn(usize) -> V) {
        assert!(words::<V, W>() > 1);
        let mut lanes = WordLanes::<V, W>::filled(&value(7));
        let mut twin = vec![value(7); LANES];
        for step in 0..3 * LANES {
            let lane = step * 5 % LANES;
            lanes.change(lane, |own| {
                assert_eq!(*own, twin[lane]);
                *own = value(step);
            });
            twin[lane] = value(step);
            assert_eq!(lanes.copy(lane), twin[lane]);
        }
        let all: Vec<V> = (0..3 * LANES).map(&value).collect();
        let mut planes = WordPlanes::<V, W>::empty();
        for _ in 0..2 {
            planes.fill([&all[..LANES], &all[LANES..]].into_iter(), all.len());
            for start in [0, 1, 2 * LANES] {
                let slices = planes.lanes(start);
                (0..LANES).for_each(|lane| slices.show(lane, |shown| assert_eq!(*shown, all[start + lane])));
            }
        }
    }

    #[test]
    fn records_are_what_they_were_before_they_were_words() {
        check::<(f32, u32), u32>(|at| (at as f32, at as u32));
        check::<[f32; 5], u32>(|at| std::array::from_fn(|place| (at * place) as f32));
        // Between their fields lie bytes that nobody has written.
        check::<(f32, u8, u32), u32>(|at| (at as f32, at as u8, !0));
        check::<(f64, u8, u64, bool), u64>(|at| (at as f64, at as u8, 1 << 63, at % 2 == 0));
        check::<[Option<f64>; 3], u64>(|at| [None, Some(at as f64), None]);
    }
}
