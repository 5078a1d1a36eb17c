//! Wirings axis by axis, and repeated ones, against edge lists written out from their definitions.

use kirchhoff_kernel::{
    Arithmetic, Axes, Axis, AxisEdges, AxisWindows, Contributions, EdgeWeights, Edges, Forward, LayerEdges, Reduction,
    Slopes, SourceFactor, Term, WeightFactor, Weights, Wiring, WiringError, propagate,
};
use kirchhoff_semiring::Real;
use proptest::prelude::*;

use super::{Edge, integers, visited};

/// What joins the indices of an axis, with lengths that may be 1.
fn axis_edges() -> impl Strategy<Value = AxisEdges> {
    let listed = (1usize..5, 1usize..5, prop::collection::btree_map((0usize..5, 0usize..5), 0usize..4, 0..9));
    let windows = (1usize..7, 1usize..4, 1usize..3, 1usize..3, 0usize..3, 0usize..3);
    let windows = windows.prop_filter_map("windows that fit", |(seen, kernel, stride, dilation, padding, weight)| {
        let extent = (kernel - 1) * dilation + 1;
        let windows = (seen + 2 * padding).checked_sub(extent)? / stride + 1;
        Some(AxisWindows { seen, windows, kernel, stride, dilation, padding, weight })
    });
    prop_oneof![
        (1usize..5, 0usize..4).prop_map(|(length, weight)| AxisEdges::Same { length, weight }),
        (1usize..5, 1usize..5, 0usize..4, 0usize..4).prop_map(|(sources, destinations, i, j)| AxisEdges::All {
            sources,
            destinations,
            weights: [i, j]
        }),
        (1usize..5, 0usize..3).prop_map(|(length, weight)| AxisEdges::Pairs { length, weight }),
        windows.clone().prop_map(AxisEdges::Windows),
        windows.prop_map(AxisEdges::Spread),
        listed.prop_map(|(sources, destinations, edges)| AxisEdges::Listed {
            sources,
            destinations,
            edges: edges
                .into_iter()
                .filter(|((i, j), _)| *i < sources && *j < destinations)
                .map(|((i, j), weight)| [i, j, weight])
                .collect(),
        }),
    ]
}

/// Every edge of an axis, straight from its definition.
fn pairs(edges: &AxisEdges) -> Vec<[usize; 3]> {
    let mut pairs = Vec::new();
    for i in 0..edges.sources() {
        for j in 0..edges.destinations() {
            match edges {
                AxisEdges::Same { weight, .. } if i == j => pairs.push([i, j, i * weight]),
                AxisEdges::Same { .. } => {}
                AxisEdges::All { weights, .. } => pairs.push([i, j, i * weights[0] + j * weights[1]]),
                AxisEdges::Pairs { weight, .. } => pairs.push([i, j, i * weight + usize::from(i != j)]),
                AxisEdges::Windows(windows) | AxisEdges::Spread(windows) => {
                    let spread = matches!(edges, AxisEdges::Spread(_));
                    let (seen, window) = if spread { (j, i) } else { (i, j) };
                    for tap in 0..windows.kernel {
                        if window * windows.stride + tap * windows.dilation == seen + windows.padding {
                            pairs.push([i, j, tap * windows.weight]);
                        }
                    }
                }
                AxisEdges::Listed { edges, .. } => {
                    pairs.extend(edges.iter().filter(|edge| edge[0] == i && edge[1] == j));
                }
            }
        }
    }
    pairs
}

/// A wiring of some axes, which lie in one order in the source and in another in the destination, and its edges.
fn wiring() -> impl Strategy<Value = (Wiring, Vec<Edge>)> {
    let axes = prop::collection::vec(axis_edges(), 1..4);
    (axes, any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(edges, first, second)| {
        let steps = |lengths: Vec<usize>, first: usize| {
            let mut steps = vec![0; lengths.len()];
            let mut step = 1;
            for place in 0..lengths.len() {
                let axis = (first + place) % lengths.len();
                steps[axis] = step;
                step *= lengths[axis];
            }
            steps
        };
        let count = edges.len();
        let source_steps = steps(edges.iter().map(AxisEdges::sources).collect(), first.index(count));
        let destination_steps = steps(edges.iter().map(AxisEdges::destinations).collect(), second.index(count));
        let mut all: Vec<Edge> = vec![(0, 0, 0)];
        for (axis, edges) in edges.iter().enumerate() {
            let own = pairs(edges);
            let joined = |&(source, destination, weight): &Edge| {
                let (from, to) = (source_steps[axis], destination_steps[axis]);
                let moved = move |[i, j, w]: &[usize; 3]| (source + i * from, destination + j * to, weight + w);
                own.iter().map(moved).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(joined).collect();
        }
        let weights = edges.iter().map(last_weight).sum::<usize>() + 1;
        let axes = edges.into_iter().zip(source_steps.into_iter().zip(destination_steps));
        let axes = axes.map(|(edges, (source_step, destination_step))| Axis { source_step, destination_step, edges });
        (Wiring::Axes(Axes::new(axes.collect(), weights).unwrap()), all)
    })
}

/// A bound on what an axis adds to the position of a weight.
fn last_weight(edges: &AxisEdges) -> usize {
    let listed = pairs(edges).iter().map(|edge| edge[2]).max().unwrap_or(0);
    match edges {
        AxisEdges::Windows(windows) | AxisEdges::Spread(windows) => (windows.kernel - 1) * windows.weight,
        _ => listed,
    }
}

fn check(wiring: &Wiring, mut expected: Vec<Edge>) -> Result<(), TestCaseError> {
    let (mut leaving, mut entering) = visited(wiring);
    let mut fan_in = vec![0; wiring.destinations()];
    expected.iter().for_each(|edge| fan_in[edge.1] += 1);
    prop_assert_eq!(wiring.fan_in(), fan_in.clone());
    let bounds = [fan_in.iter().min(), fan_in.iter().max()].map(|bound| bound.copied().unwrap_or(0));
    let [low, high] = wiring.fan_in_bounds();
    prop_assert!(low <= bounds[0] && high >= bounds[1]);
    prop_assert_eq!(wiring.edges(), expected.len() as u64);
    for edges in [&mut leaving, &mut entering, &mut expected] {
        edges.sort_unstable();
    }
    prop_assert_eq!(&leaving, &expected);
    prop_assert_eq!(&entering, &expected);
    prop_assert!(wiring.check().is_ok());
    let text = serde_json::to_string(wiring).unwrap();
    prop_assert_eq!(&serde_json::from_str::<Wiring>(&text).unwrap(), wiring);
    Ok(())
}

proptest! {
    #[test]
    fn axes_visit_their_edges((wiring, edges) in wiring()) {
        check(&wiring, edges)?;
    }

    #[test]
    fn repeated_wirings_visit_their_edges((wiring, edges) in wiring(), count in 1usize..4) {
        let (sources, destinations) = (wiring.sources(), wiring.destinations());
        let part = |part: usize| {
            let moved = move |&(j, k, w): &Edge| (part * sources + j, part * destinations + k, w);
            edges.iter().map(moved).collect::<Vec<_>>()
        };
        let edges = (0..count).flat_map(part).collect();
        check(&Wiring::Repeated { count, wiring: Box::new(wiring) }, edges)?;
    }

    #[test]
    fn contractions_are_products_of_matrices(lengths in [1usize..4, 1usize..4, 1usize..4, 1usize..4], seed in 0u64..50) {
        let [batch, rows, inner, columns] = [0, 1, 2, 3];
        let [b, m, k, n] = lengths;
        let (first, second) = (integers(b * m * k, seed), integers(b * k * n, seed + 1));
        let mut expected = vec![0.0; b * m * n];
        for (place, sum) in expected.iter_mut().enumerate() {
            let (part, row, column) = (place / (m * n), place / n % m, place % n);
            *sum = (0..k).map(|i| first[(part * m + row) * k + i] * second[(part * k + i) * n + column]).sum();
        }
        let (left, right, product) = ([batch, rows, inner], [batch, inner, columns], [batch, rows, columns]);
        for (source, weights, [activations, others]) in
            [(&left, &right, [&first, &second]), (&right, &left, [&second, &first])]
        {
            let wiring = Wiring::Axes(Axes::contraction(&lengths, source, weights, &product).unwrap());
            prop_assert_eq!(wiring.edges(), (b * m * k * n) as u64);
            let forward = Forward {
                wiring: &wiring,
                weights: EdgeWeights::Executions(&others.clone().into()),
                source: &SourceFactor::Activation(Slopes::IDENTITY),
                weight: WeightFactor::IDENTITY,
                reduction: Reduction::Sum,
                bias: None,
                arithmetic: Arithmetic::default(),
            };
            let mut out = vec![f32::NAN; b * m * n];
            forward.run(activations, &mut out, &()).unwrap();
            prop_assert_eq!(&out, &expected);
        }
    }

    /// Two executions with weights of their own, against each edge on its own.
    #[test]
    fn every_execution_has_its_weights((wiring, edges) in wiring(), seed in 0u64..50) {
        let [sources, destinations, weights] = [wiring.sources(), wiring.destinations(), wiring.weights()];
        let (a, w) = (integers(2 * sources, seed), integers(2 * weights, seed + 1));
        let (v, relevance) = (integers(2 * destinations, seed + 2), integers(2 * destinations, seed + 3));
        let terms = vec![Term {
            source: SourceFactor::Activation(Slopes::IDENTITY),
            weight: WeightFactor::IDENTITY,
            destination: v.clone().into(),
        }];
        let w = Weights::from(w);
        let layer = LayerEdges {
            wiring: &wiring,
            weights: EdgeWeights::Executions(&w),
            activations: &a,
            contributions: &Contributions::Terms(terms),
            batch: 2,
            arithmetic: Arithmetic::default(),
        };
        for execution in 0..2 {
            let mut expected = vec![0.0; sources];
            for &(j, k, weight) in &edges {
                let (j, k) = (execution * sources + j, execution * destinations + k);
                expected[j - execution * sources] += a[j] * w[execution * weights + weight] * v[k] * relevance[k];
            }
            let own = &relevance[execution * destinations..][..destinations];
            let mut found = vec![0.0; sources];
            let edges: Edges<'_> = layer.execution(execution);
            propagate(&edges, &Real, |d| d, own, &mut found, &()).unwrap();
            prop_assert_eq!(&found, &expected);
            let part = layer.part(execution);
            let mut found = vec![0.0; sources];
            propagate(&part.edges().execution(0), &Real, |d| d, own, &mut found, &()).unwrap();
            prop_assert_eq!(&found, &expected);
        }
    }
}

#[test]
fn indices_that_do_not_count_neurons_are_refused() {
    let same = |length| AxisEdges::Same { length, weight: 0 };
    let axis = |length, source_step, destination_step| Axis { source_step, destination_step, edges: same(length) };
    let wrong = [
        // Two indices that lie on each other, and two with a gap between them.
        vec![axis(2, 1, 1), axis(2, 1, 2)],
        vec![axis(2, 1, 1), axis(2, 3, 2)],
        vec![axis(2, 0, 1)],
        vec![axis(0, 1, 1)],
        vec![],
    ];
    for axes in wrong {
        assert!(Axes::new(axes.clone(), 0).is_err(), "{axes:?}");
    }
    // Weights that are not there, or that nothing says that there are.
    let weighted =
        |weight| vec![Axis { source_step: 1, destination_step: 1, edges: AxisEdges::Same { length: 3, weight } }];
    assert!(Axes::new(weighted(1), 3).is_ok());
    assert!(matches!(Axes::new(weighted(1), 2), Err(WiringError::Selection { what: "weights", size: 2 })));
    assert!(matches!(Axes::new(weighted(1), 0), Err(WiringError::Selection { what: "weights", size: 0 })));
    // Lists out of order, or beyond their axis.
    for edges in [vec![[1, 0, 0], [0, 0, 0]], vec![[0, 0, 0], [0, 0, 0]], vec![[2, 0, 0]], vec![[0, 2, 0]]] {
        let edges = AxisEdges::Listed { sources: 2, destinations: 2, edges };
        assert!(Axes::new(vec![Axis { source_step: 1, destination_step: 1, edges }], 0).is_err());
    }
    // From a file, too.
    let text = r#"{"axes":{"axes":[{"source_step":2,"destination_step":1,"edges":{"same":{"length":2,"weight":0}}}],"weights":0}}"#;
    assert!(serde_json::from_str::<Wiring>(text).is_err());
    let nested = Wiring::Repeated {
        count: 2,
        wiring: Box::new(Wiring::Repeated { count: 2, wiring: Box::new(Wiring::Identity { size: 1 }) }),
    };
    assert_eq!(nested.check(), Err(WiringError::Nested));
}
