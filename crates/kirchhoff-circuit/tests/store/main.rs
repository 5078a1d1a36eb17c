//! Stored circuits.

mod damage;
mod gates;
mod golden;
mod layered;
mod random;
