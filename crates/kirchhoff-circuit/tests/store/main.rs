//! Stored circuits.

mod damage;
mod gates;
mod random;
