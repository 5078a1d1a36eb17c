//! Random numbers and circuits for the tests, the same in every run.

use kirchhoff_circuit::{GateBuilder, GateCircuit, GateId, GateLayer};
use kirchhoff_semiring::{Interval, Law, Laws};

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a limit, 0 where there is none.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    pub fn of<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[self.below(values.len())]
    }
}

/// A circuit of every kind of gates, over two layers and two variables, with two outputs.
pub fn circuit(random: &mut Random) -> GateCircuit {
    let layers = vec![
        GateLayer { name: "0".to_string(), rule: "zero".to_string(), range: Some(Interval::REALS) },
        GateLayer { name: "ζ \"1\"".to_string(), rule: "max-abs".to_string(), range: Some(Interval::UNIT) },
        GateLayer { name: "relu".to_string(), rule: "pass".to_string(), range: None },
    ];
    let mut builder = GateBuilder::new(layers, 10_000);
    let mut gates: Vec<GateId> = vec![builder.zero().unwrap(), builder.one().unwrap()];
    for name in ["start[0]", "h1[17]"] {
        let variable = builder.declare(name);
        gates.push(builder.variable(variable).unwrap());
    }
    for _ in 0..random.below(12) {
        let d = random.below(64) as f32 / 16.0 - 2.0;
        gates.push(builder.contribution(0, d).unwrap());
        gates.push(builder.contribution(1, d.abs().min(1.0)).unwrap());
    }
    for _ in 0..random.below(20) {
        let arity = 1 + random.below(4);
        let children: Vec<GateId> = (0..arity).map(|_| *random.of(&gates)).collect();
        gates.push(if random.below(2) == 0 { builder.plus(&children) } else { builder.times(&children) }.unwrap());
    }
    let [first, second] = [(); 2].map(|()| *random.of(&gates));
    builder.output("input", &[2, 1], &[first, second]).unwrap();
    builder.output("hidden", &[1], &[*gates.last().unwrap()]).unwrap();
    if random.below(2) == 0 {
        builder.require(Laws::of(&[*random.of(&Law::ALL)]));
    }
    builder.finish().unwrap()
}
