//! Questions: their texts, targets, presets and networks. These tests stand outside the library, which instantiates every
//! semiring, so that it is compiled once.

mod contrast;
mod gates;
mod identity;
mod preset;
mod target;
