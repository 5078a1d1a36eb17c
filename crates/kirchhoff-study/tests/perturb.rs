//! Perturbation curves against a loop that perturbs and runs one input at a time.

use std::sync::Arc;

use kirchhoff_network::{Activation, Dense, Execution, Network, NetworkBuilder, Operator};
use kirchhoff_study::perturb::{
    Baseline, Layout, Order, Perturbation, Regions, Subject, area_over_curve, area_under_curve, probability,
};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A perceptron of two layers with random weights.
fn network(inputs: usize, outputs: usize, random: &mut ChaCha8Rng) -> Arc<Network> {
    let mut dense = |inputs: usize, outputs: usize| {
        let weights: Vec<f32> = (0..inputs * outputs).map(|_| random.random_range(-1.0..1.0)).collect();
        Operator::Dense(Dense { inputs, outputs, weights: weights.into(), bias: None })
    };
    let mut builder = NetworkBuilder::new();
    let input = builder.input("input", &[inputs]).unwrap();
    let hidden = builder.add("0", dense(inputs, 7), &[input]).unwrap();
    let hidden = builder.add("1", Operator::Activation(Activation::Relu), &[hidden]).unwrap();
    let output = builder.add("2", dense(7, outputs), &[hidden]).unwrap();
    Arc::new(builder.finish(output).unwrap())
}

/// The network's outputs for one input.
fn outputs(network: &Arc<Network>, values: &[f32]) -> Vec<f32> {
    Execution::run(network.clone(), values, 1, &()).unwrap().outputs().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn curves_are_those_of_one_copy_at_a_time(
        seed: u64,
        count in 0usize..5,
        side in 1usize..4,
        regions_a_step in 1usize..4,
        steps in 0usize..9,
        batch in 1usize..20,
    ) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let image = [2, random.random_range(1..6), random.random_range(1..6)];
        let size = image.iter().product();
        let network = network(size, 3, &mut random);
        let layout = Layout { size, image: Some(image), range: vec![(0.0, 1.0)] };
        let regions = Regions::squares(image, side);
        let values: Vec<Vec<f32>> = (0..count).map(|_| (0..size).map(|_| random.random()).collect()).collect();
        let relevance: Vec<f64> = (0..size).map(|_| random.random_range(-1.0..1.0)).collect();
        let order = Order::MostRelevantFirst.of(&regions.relevance(&relevance), &mut random);
        let baseline = Baseline::Value(0.25);
        let perturbation = Perturbation {
            network: &network, layout: &layout, regions: &regions, baseline, regions_a_step, steps, batch, seed,
        };
        let subjects: Vec<Subject<'_>> = values
            .iter()
            .enumerate()
            .map(|(number, values)| Subject { number: number as u64, values, target: number % 3, order: &order })
            .collect();
        let curves = perturbation.curves(&subjects, &()).unwrap();
        prop_assert_eq!(curves.len(), count);
        for (subject, curve) in subjects.iter().zip(curves) {
            let mut copy = subject.values.to_vec();
            let mut left = order.iter();
            for step in 0.. {
                let outputs = outputs(&network, &copy);
                prop_assert!((curve.probability[step] - probability(&outputs, subject.target)).abs() < 1e-5);
                // Rounding may decide between equals.
                let named = outputs[curve.class[step] as usize];
                prop_assert!(outputs.iter().all(|&output| output <= named + 1e-5));
                if step == steps || left.len() == 0 {
                    prop_assert_eq!(curve.probability.len(), step + 1);
                    prop_assert_eq!(curve.class.len(), step + 1);
                    break;
                }
                for &region in left.by_ref().take(regions_a_step) {
                    regions.members(region).for_each(|position| copy[position] = 0.25);
                }
            }
        }
    }

    #[test]
    fn a_single_region_is_perturbed_at_a_time(seed: u64, side in 1usize..3, stride in 1usize..3, batch in 1usize..20) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let image = [1, 4, 5];
        let network = network(20, 3, &mut random);
        let layout = Layout { size: 20, image: Some(image), range: vec![(0.0, 1.0)] };
        let (regions, grid) = Regions::windows(image, side, stride);
        prop_assert_eq!(grid[0] * grid[1], regions.count());
        let values: Vec<f32> = (0..20).map(|_| random.random()).collect();
        let perturbation = Perturbation {
            network: &network, layout: &layout, regions: &regions, baseline: Baseline::Invert, regions_a_step: 1,
            steps: 0, batch, seed,
        };
        let subject = Subject { number: 0, values: &values, target: 0, order: &[] };
        let classes = perturbation.single_regions(&[subject, subject], &()).unwrap();
        prop_assert_eq!(&classes[0], &classes[1]);
        for (region, &class) in classes[0].iter().enumerate() {
            let mut copy = values.clone();
            regions.members(region as u32).for_each(|position| copy[position] = 1.0 - copy[position]);
            let outputs = outputs(&network, &copy);
            prop_assert!(outputs.iter().all(|&output| output <= outputs[class as usize] + 1e-5));
        }
    }
}

#[test]
fn random_baselines_depend_on_the_input_and_not_on_its_company() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let network = network(6, 3, &mut random);
    let layout = Layout { size: 6, image: None, range: vec![(-1.0, 1.0)] };
    let regions = Regions::values(6);
    let values = [0.5; 6];
    let order = [3, 1, 5, 0, 2, 4];
    let perturbation = Perturbation {
        network: &network,
        layout: &layout,
        regions: &regions,
        baseline: Baseline::Random,
        regions_a_step: 2,
        steps: usize::MAX,
        batch: 4,
        seed: 1,
    };
    let subject = |number| Subject { number, values: &values, target: 1, order: &order };
    let together = perturbation.curves(&[subject(0), subject(1), subject(2)], &()).unwrap();
    let alone = perturbation.curves(&[subject(2)], &()).unwrap();
    assert_eq!(together[2].class, alone[0].class);
    assert_ne!(together[0].probability[1..], together[1].probability[1..]);
    let apart = Perturbation { seed: 2, ..perturbation.clone() }.curves(&[subject(2)], &()).unwrap();
    assert_ne!(apart[0].probability[1..], alone[0].probability[1..]);
}

#[test]
fn areas_are_those_of_their_definitions() {
    assert_eq!(area_over_curve(&[0.75, 0.5, 0.25]), (0.0 + 0.25 + 0.5) / 3.0);
    assert_eq!(area_under_curve(&[1.0, 0.5, 0.0, 0.5]), 0.75 + 0.25 + 0.25);
    assert_eq!((area_over_curve(&[]), area_under_curve(&[]), area_under_curve(&[0.5])), (0.0, 0.0, 0.0));
    assert!((probability(&[1.0, 2.0, 3.0], 2) - 0.665_240_955_774_821_8).abs() < 1e-12);
}
