//! Stored circuits.

mod damage;
mod gates;
mod layered;
mod random;
