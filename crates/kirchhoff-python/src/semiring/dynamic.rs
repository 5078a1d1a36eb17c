//! Semirings of which the operations are known at run time alone: one type for each kind of values, however many semirings
//! there are of it, so that kernels are compiled once a kind.

use std::fmt::Debug;
use std::sync::Arc;

use kirchhoff::semiring::{Array, Embed, Laws, Limbs, Project, Semiring, selective_difference};

/// What a value of a dynamic semiring may be.
pub trait Value: Clone + PartialEq + Debug + Send + Sync + 'static {}

impl<V: Clone + PartialEq + Debug + Send + Sync + 'static> Value for V {}

/// The operations of a semiring over values of type `V`, as [`Semiring`] and [`Project`] have them.
pub trait Operations<V>: Send + Sync {
    fn zero(&self) -> V;
    fn one(&self) -> V;
    fn plus(&self, a: &V, b: &V) -> V;
    fn times(&self, a: &V, b: &V) -> V;
    /// `a ⊖ b`, where the semiring says what it is.
    fn minus(&self, a: &V, b: &V) -> Option<V>;
    fn accumulate(&self, sums: &mut [V], theta: &[V], relevance: &[V]);
    fn is_zero(&self, a: &V) -> bool;
    fn is_element(&self, a: &V) -> bool;
    fn laws(&self) -> Laws;
    fn elements(&self) -> Vec<V>;
    fn close(&self, a: &V, b: &V) -> bool;
    fn project(&self, a: &V) -> f64;
    fn array(&self, values: Vec<V>) -> Array;
    fn limbs(&self, values: &[V]) -> Option<Limbs>;
    fn columns(&self, values: &[V]) -> Vec<(String, Array)>;
}

/// A semiring that computes in blocks, by operations behind a pointer.
pub struct Dynamic<V>(pub Arc<dyn Operations<V>>);

impl<V> Clone for Dynamic<V> {
    fn clone(&self) -> Self {
        Dynamic(self.0.clone())
    }
}

impl<V: Value> Semiring for Dynamic<V> {
    type Value = V;

    const BLOCKWISE: bool = true;

    fn zero(&self) -> V {
        self.0.zero()
    }

    fn one(&self) -> V {
        self.0.one()
    }

    fn plus(&self, a: &V, b: &V) -> V {
        self.0.plus(a, b)
    }

    fn times(&self, a: &V, b: &V) -> V {
        self.0.times(a, b)
    }

    fn minus(&self, a: &V, b: &V) -> Option<V> {
        self.0.minus(a, b).or_else(|| selective_difference(self, a, b))
    }

    fn accumulate(&self, sums: &mut [V], theta: &[V], relevance: &[V]) {
        self.0.accumulate(sums, theta, relevance);
    }

    fn is_zero(&self, a: &V) -> bool {
        self.0.is_zero(a)
    }

    fn is_element(&self, a: &V) -> bool {
        self.0.is_element(a)
    }

    fn laws(&self) -> Laws {
        self.0.laws()
    }

    fn elements(&self) -> Vec<V> {
        self.0.elements()
    }

    fn close(&self, a: &V, b: &V) -> bool {
        self.0.close(a, b)
    }
}

impl<V: Value> Project for Dynamic<V> {
    fn project(&self, a: &V) -> f64 {
        self.0.project(a)
    }

    fn array(&self, values: Vec<V>) -> Array {
        self.0.array(values)
    }

    fn limbs(&self, values: &[V]) -> Option<Limbs> {
        self.0.limbs(values)
    }

    fn columns(&self, values: &[V]) -> Vec<(String, Array)> {
        self.0.columns(values)
    }
}

/// The operations of a semiring that is compiled.
pub struct Compiled<S>(pub S);

impl<S: Embed> Operations<S::Value> for Compiled<S> {
    fn zero(&self) -> S::Value {
        self.0.zero()
    }

    fn one(&self) -> S::Value {
        self.0.one()
    }

    fn plus(&self, a: &S::Value, b: &S::Value) -> S::Value {
        self.0.plus(a, b)
    }

    fn times(&self, a: &S::Value, b: &S::Value) -> S::Value {
        self.0.times(a, b)
    }

    fn minus(&self, a: &S::Value, b: &S::Value) -> Option<S::Value> {
        self.0.minus(a, b)
    }

    fn accumulate(&self, sums: &mut [S::Value], theta: &[S::Value], relevance: &[S::Value]) {
        self.0.accumulate(sums, theta, relevance);
    }

    fn is_zero(&self, a: &S::Value) -> bool {
        self.0.is_zero(a)
    }

    fn is_element(&self, a: &S::Value) -> bool {
        self.0.is_element(a)
    }

    fn laws(&self) -> Laws {
        self.0.laws()
    }

    fn elements(&self) -> Vec<S::Value> {
        self.0.elements()
    }

    fn close(&self, a: &S::Value, b: &S::Value) -> bool {
        self.0.close(a, b)
    }

    fn project(&self, a: &S::Value) -> f64 {
        self.0.project(a)
    }

    fn array(&self, values: Vec<S::Value>) -> Array {
        self.0.array(values)
    }

    fn limbs(&self, values: &[S::Value]) -> Option<Limbs> {
        self.0.limbs(values)
    }

    fn columns(&self, values: &[S::Value]) -> Vec<(String, Array)> {
        self.0.columns(values)
    }
}
