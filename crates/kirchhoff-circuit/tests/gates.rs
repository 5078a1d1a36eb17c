//! Gate circuits: what builders refuse, and arrays that may hold anything.

use kirchhoff_circuit::{
    FlatArray, Gate, GateArrays, GateBuilder, GateCircuit, GateError, GateId, GateLayer, OutputTensor, simplify,
};
use kirchhoff_semiring::{Law, Laws};
use proptest::prelude::*;

fn layers() -> Vec<GateLayer> {
    ["0", "2"].map(|name| GateLayer { name: name.to_string(), rule: "zero".to_string(), range: None }).to_vec()
}

/// Two outputs over leaves of every kind.
fn example() -> GateCircuit {
    let mut builder = GateBuilder::new(layers(), 100);
    let start = builder.declare("start[0]");
    let leaves = [
        builder.variable(start).unwrap(),
        builder.contribution(0, 0.5).unwrap(),
        builder.contribution(1, 0.5).unwrap(),
        builder.one().unwrap(),
        builder.zero().unwrap(),
    ];
    let product = builder.times(&[leaves[1], leaves[0]]).unwrap();
    let sum = builder.plus(&[product, leaves[2], leaves[3], leaves[4]]).unwrap();
    let top = builder.times(&[sum, product]).unwrap();
    builder.output("input", &[2, 1], &[top, sum]).unwrap();
    builder.finish().unwrap()
}

#[test]
fn equal_gates_are_made_once() {
    let mut builder = GateBuilder::new(layers(), 100);
    let [a, b] = [builder.contribution(0, 1.0).unwrap(), builder.contribution(1, 1.0).unwrap()];
    assert_ne!(a, b, "another layer may have another Θ");
    assert_eq!(builder.contribution(0, 1.0), Ok(a));
    assert_ne!(builder.contribution(0, 0.0), builder.contribution(0, -0.0), "bits, not values");
    assert_eq!(builder.contribution(0, f32::NAN), builder.contribution(0, f32::NAN));
    assert_eq!(builder.times(&[a, b]), builder.times(&[a, b]));
    assert_ne!(builder.times(&[a, b]), builder.times(&[b, a]));
    assert_ne!(builder.times(&[a, b]), builder.plus(&[a, b]));
    assert_eq!(builder.plus(&[]), builder.zero());
    assert_eq!(builder.times(&[]), builder.one());
    assert_eq!(builder.plus(&[b]), Ok(b));
    assert_eq!(builder.declare("x"), builder.declare("x"));
}

#[test]
fn builders_refuse_what_is_not_there() {
    let mut builder = GateBuilder::new(layers(), 3);
    let foreign = GateId::new(7).unwrap();
    assert!(matches!(builder.plus(&[foreign]), Err(GateError::Reference { what: "gate", got: 7, .. })));
    assert!(matches!(builder.output("input", &[1], &[foreign]), Err(GateError::Reference { .. })));
    assert!(matches!(builder.contribution(2, 0.0), Err(GateError::Reference { what: "layer", .. })));
    assert!(matches!(builder.variable(0), Err(GateError::Reference { what: "variable", .. })));
    for d in [0.0, 1.0, 2.0] {
        builder.contribution(0, d).unwrap();
    }
    assert_eq!(builder.contribution(0, 3.0), Err(GateError::Limit { what: "gates", limit: 3 }));
    assert!(builder.contribution(0, 1.0).is_ok(), "a gate that is there takes no place");
    builder.output("input", &[2], &[]).unwrap();
    assert!(matches!(builder.finish(), Err(GateError::Length { what: "number of outputs", .. })));
    assert_eq!(GateId::new(u32::MAX as usize), None);
}

#[test]
fn circuits_tell_their_size() {
    let circuit = example();
    assert_eq!((circuit.gates(), circuit.wires(), circuit.leaves(), circuit.depth()), (8, 8, 3, 3));
    let levels: Vec<_> = circuit.levels().collect();
    assert_eq!(levels, [0..5, 5..6, 6..7, 7..8]);
    assert_eq!(circuit.output_range("input"), Some(0..2));
    assert_eq!(circuit.output_range("output"), None);
    let Gate::Times(&[sum, product]) = circuit.gate(circuit.outputs()[0]) else { panic!("a product") };
    assert_eq!(circuit.outputs()[1], sum);
    assert_eq!(circuit.children(product).len(), 2);
    let empty = GateBuilder::new(Vec::new(), 0).finish().unwrap();
    assert_eq!((empty.gates(), empty.depth(), empty.levels().len()), (0, 0, 0));
}

#[test]
fn arrays_may_be_lent() {
    struct Lent(Vec<u32>);
    impl AsRef<[u32]> for Lent {
        fn as_ref(&self) -> &[u32] {
            &self.0
        }
    }
    let circuit = example();
    let mut arrays = circuit.arrays().clone();
    arrays.operands = FlatArray::shared(std::sync::Arc::new(Lent(arrays.operands.to_vec())));
    assert_eq!(GateCircuit::new(arrays).unwrap(), circuit);
}

#[test]
fn contributions_may_be_others() {
    let circuit = example();
    let other = circuit.with_contributions(vec![0.25, -1.0].into()).unwrap();
    let contribution = |circuit: &GateCircuit| {
        circuit.iter().find_map(|(_, gate)| if let Gate::Contribution { d, .. } = gate { Some(d) } else { None })
    };
    assert_eq!((contribution(&circuit), contribution(&other)), (Some(0.5), Some(0.25)));
    assert!(circuit.with_contributions(vec![1.0].into()).is_err());
}

#[test]
fn gates_that_are_not_in_the_order_of_levels_are_arranged() {
    let circuit = example();
    let mut arrays = circuit.arrays().clone();
    // A leaf behind the others: no child refers to it, so that only its level is wrong.
    arrays.kinds = arrays.kinds.iter().copied().chain([0]).collect();
    arrays.offsets = arrays.offsets.iter().copied().chain([arrays.operands.len() as u32]).collect();
    assert_eq!(GateCircuit::new(arrays.clone()), Err(GateError::Level { gate: 8 }));
    let arranged = GateCircuit::arranged(arrays).unwrap();
    assert_eq!(arranged.levels().next(), Some(0..6));
    assert_eq!(arranged.without_dead_gates().unwrap(), circuit);
}

/// Something done to a circuit's arrays.
#[derive(Clone, Debug)]
enum Damage {
    Kind(usize, u8),
    Offset(usize, u32),
    Operand(usize, u32),
    Layer(usize, u32),
    Output(usize, u32),
    Shape(usize),
    Cut(u8),
    Grow(u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = 0usize..64;
    let number = prop_oneof![4 => 0u32..12, 1 => any::<u32>()];
    prop_oneof![
        (place.clone(), 0u8..8).prop_map(|(at, kind)| Damage::Kind(at, kind)),
        (place.clone(), number.clone()).prop_map(|(at, to)| Damage::Offset(at, to)),
        (place.clone(), number.clone()).prop_map(|(at, to)| Damage::Operand(at, to)),
        (place.clone(), number.clone()).prop_map(|(at, to)| Damage::Layer(at, to)),
        (place, number).prop_map(|(at, to)| Damage::Output(at, to)),
        prop_oneof![0usize..4, Just(usize::MAX)].prop_map(Damage::Shape),
        (0u8..6).prop_map(Damage::Cut),
        (0u8..6).prop_map(Damage::Grow),
    ]
}

fn change<T: Clone + Send + Sync + 'static>(array: &mut FlatArray<T>, change: impl FnOnce(&mut Vec<T>)) {
    let mut values = array.to_vec();
    change(&mut values);
    *array = values.into();
}

fn set<T: Copy + Send + Sync + 'static>(array: &mut FlatArray<T>, at: usize, to: T) {
    let at = at % array.len().max(1);
    change(array, |values| values.iter_mut().skip(at).take(1).for_each(|value| *value = to));
}

/// Repeats the last value, or leaves it out.
fn resize<T: Copy + Send + Sync + 'static>(array: &mut FlatArray<T>, grow: bool) {
    let length = if grow { array.len() + 1 } else { array.len().saturating_sub(1) };
    let last = array.last().copied();
    change(array, |values| last.into_iter().for_each(|last| values.resize(length, last)));
}

fn apply(damage: Damage, arrays: &mut GateArrays) {
    match damage {
        Damage::Kind(at, to) => set(&mut arrays.kinds, at, to),
        Damage::Offset(at, to) => set(&mut arrays.offsets, at, to),
        Damage::Operand(at, to) => set(&mut arrays.operands, at, to),
        Damage::Layer(at, to) => set(&mut arrays.contribution_layers, at, to),
        Damage::Output(at, to) => set(&mut arrays.outputs, at, to),
        Damage::Shape(to) => {
            arrays.output_tensors.push(OutputTensor { name: "more".to_string(), shape: vec![to, 3] });
        }
        Damage::Cut(which) | Damage::Grow(which) => {
            let grow = matches!(damage, Damage::Grow(_));
            match which {
                0 => resize(&mut arrays.kinds, grow),
                1 => resize(&mut arrays.offsets, grow),
                2 => resize(&mut arrays.operands, grow),
                3 => resize(&mut arrays.contribution_layers, grow),
                4 => resize(&mut arrays.outputs, grow),
                _ => resize(&mut arrays.contributions, grow),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    /// Whatever the arrays hold, they are refused, or make a circuit that can be walked and rewritten.
    #[test]
    fn damaged_arrays_never_panic(damages in prop::collection::vec(damage(), 1..4)) {
        let mut arrays = example().arrays().clone();
        damages.into_iter().for_each(|damage| apply(damage, &mut arrays));
        let checked = GateCircuit::new(arrays.clone());
        if let Ok(circuit) = &checked {
            prop_assert_eq!(circuit.levels().last().map_or(0, |level| level.end), circuit.gates());
            prop_assert_eq!(circuit.iter().count(), circuit.gates());
            prop_assert!(circuit.leaves() + circuit.wires() == circuit.arrays().operands.len());
            simplify(circuit, Laws::of(&Law::ALL)).unwrap();
        }
        if let Ok(circuit) = GateCircuit::arranged(arrays) {
            prop_assert!(circuit.arrays().check().is_ok());
            circuit.without_dead_gates().unwrap();
        } else {
            prop_assert!(checked.is_err());
        }
    }
}
