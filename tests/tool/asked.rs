//! Whoever is asked answers alike: a model, and its circuits as they are stored, with leaves for one input or for each edge,
//! pruned or not, against worlds and paths that are enumerated here.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::files::{npy_floats, perceptron};
use crate::harness::Workplace;

const WIDTHS: [usize; 4] = [3, 4, 3, 2];
/// Hidden neurons: four, then three.
const HIDDEN: usize = 7;
const RULE: &str = "epsilon(1e-6)";
const DROP: f64 = 0.3;

/// A perceptron on an input, from its definition.
struct Perceptron {
    /// Of each layer, one row an output.
    weights: Vec<Vec<f32>>,
    input: Vec<f32>,
    target: usize,
    theta: f64,
    /// The contribution of each edge of each layer under the rule, and the logit of the target.
    contributions: Vec<Vec<f64>>,
    logit: f64,
}

impl Perceptron {
    fn random(seed: u64) -> Self {
        let mut state = seed;
        let mut number = || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        let weights: Vec<Vec<f32>> =
            WIDTHS.windows(2).map(|pair| (0..pair[0] * pair[1]).map(|_| number()).collect()).collect();
        let input: Vec<f32> = (0..WIDTHS[0]).map(|_| number()).collect();
        let mut activations: Vec<f64> = input.iter().copied().map(f64::from).collect();
        let (mut contributions, mut logits) = (Vec::new(), Vec::new());
        for (layer, weights) in weights.iter().enumerate() {
            let (mut sums, mut own) = (Vec::new(), Vec::new());
            for row in weights.chunks(WIDTHS[layer]) {
                let products: Vec<f64> = row.iter().zip(&activations).map(|(w, a)| f64::from(*w) * a).collect();
                let sum: f64 = products.iter().sum();
                let stabilised = sum + if sum < 0.0 { -1e-6 } else { 1e-6 };
                own.extend(products.iter().map(|product| product / stabilised));
                sums.push(sum);
            }
            contributions.push(own);
            activations = sums.iter().map(|sum| sum.max(0.0)).collect();
            logits = sums;
        }
        let target = (seed % 2) as usize;
        let theta = [0.05, 0.2, 0.4][(seed % 3) as usize];
        Perceptron { weights, input, target, theta, contributions, logit: logits[target] }
    }

    /// The relevance of the input through those hidden neurons whose bits are set, from `start`, with edges of `weight`.
    fn relevance(&self, world: u32, start: f64, weight: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut relevance = vec![0.0; WIDTHS[3]];
        relevance[self.target] = start;
        for layer in (0..3).rev() {
            let mut below = vec![0.0; WIDTHS[layer]];
            for (row, above) in self.contributions[layer].chunks(WIDTHS[layer]).zip(&relevance) {
                below.iter_mut().zip(row).for_each(|(below, d)| *below += weight(*d) * above);
            }
            if layer > 0 {
                let first = if layer == 1 { 0 } else { WIDTHS[1] };
                below
                    .iter_mut()
                    .enumerate()
                    .filter(|(at, _)| world >> (first + at) & 1 == 0)
                    .for_each(|(_, r)| *r = 0.0);
            }
            relevance = below;
        }
        relevance
    }

    fn real(&self, world: u32) -> Vec<f64> {
        self.relevance(world, self.logit, |d| d)
    }

    /// Which inputs are relevant.
    fn relevant(&self, world: u32) -> Vec<bool> {
        let threshold = |d: f64| f64::from(u8::from(d >= self.theta));
        self.relevance(world, 1.0, threshold).into_iter().map(|paths| paths > 0.0).collect()
    }

    /// Whether no contribution is so near the threshold that rounding decides about it.
    fn is_clear(&self) -> bool {
        self.contributions.iter().flatten().all(|d| (d - self.theta).abs() > 1e-4)
    }
}

fn name(neuron: usize) -> String {
    if neuron < WIDTHS[1] { format!("h1[{neuron}]") } else { format!("h3[{}]", neuron - WIDTHS[1]) }
}

/// The neurons of a list, as bits.
fn bits(names: &Value) -> u32 {
    let neuron = |value: &Value| (0..HIDDEN).find(|&neuron| name(neuron) == value.as_str().unwrap()).unwrap();
    names.as_array().unwrap().iter().map(|value| 1 << neuron(value)).sum()
}

fn chance(world: u32) -> f64 {
    let there = world.count_ones() as i32;
    (1.0 - DROP).powi(there) * DROP.powi(HIDDEN as i32 - there)
}

/// What the gates of a formula in JSON are under a world; other variables are starts of the target.
fn formula(report: &Value, world: u32) -> Vec<bool> {
    let variables = report["variables"].as_array().unwrap();
    let mut values: Vec<bool> = Vec::new();
    for gate in report["gates"].as_array().unwrap() {
        let children =
            || gate["children"].as_array().unwrap().iter().map(|child| values[child.as_u64().unwrap() as usize]);
        values.push(match gate["kind"].as_str().unwrap() {
            "zero" => false,
            "one" => true,
            "variable" => {
                let variable = variables[gate["variable"].as_u64().unwrap() as usize].as_str().unwrap();
                (0..HIDDEN).find(|&neuron| name(neuron) == variable).is_none_or(|neuron| world >> neuron & 1 == 1)
            }
            "plus" => children().any(|value| value),
            "times" => children().all(|value| value),
            other => panic!("a {other} is left in a Boolean formula"),
        });
    }
    let gates = report["outputs"][0]["gates"].as_array().unwrap();
    gates.iter().map(|gate| values[gate.as_u64().unwrap() as usize]).collect()
}

fn numbers(outputs: &Value, key: &str) -> Vec<f64> {
    outputs.as_array().unwrap().iter().map(|output| output[key].as_f64().unwrap()).collect()
}

fn close(found: &[f64], expected: &[f64], error: f64) {
    let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() <= error);
    assert!(found.len() == expected.len() && near, "{found:?} {expected:?}");
}

/// One who can be asked, with the options that say about what; whether it can be asked in any semiring.
struct Asked {
    about: Vec<String>,
    unpruned: bool,
    stored: bool,
}

fn everybody(place: &Workplace, network: &Perceptron) -> Vec<Asked> {
    let weights = |layer: usize, position: usize| network.weights[layer][position];
    place.write("m.safetensors", perceptron(&WIDTHS, weights));
    place.write("x.npy", npy_floats(&[1, WIDTHS[0]], &network.input));
    let (target, theta) = (network.target.to_string(), network.theta.to_string());
    let compile = |name: &str, options: &[&str]| {
        let own = [
            "compile",
            "m.safetensors",
            "x.npy",
            "--symbolic",
            "hidden",
            "--rule",
            RULE,
            "--quiet",
            "--force",
            "--out",
        ];
        place.succeed(&[&own[..], &[name], options].concat());
    };
    let of_target = ["--target", &target];
    compile("one.safetensors", &of_target);
    compile("edges.safetensors", &["--leaves", "edges"]);
    compile("pruned.safetensors", &[&of_target[..], &["--semiring", "boolean", "--theta", &theta, "--prune"]].concat());
    let asked = |about: &[&str], unpruned, stored| Asked {
        about: about.iter().map(|text| text.to_string()).collect(),
        unpruned,
        stored,
    };
    vec![
        asked(&["m.safetensors", "x.npy", "--rule", RULE, "--target", &target], true, false),
        asked(&["one.safetensors"], true, true),
        asked(&["edges.safetensors", "--target", &target], true, true),
        asked(&["pruned.safetensors"], false, true),
    ]
}

#[test]
fn models_and_their_circuits_answer_as_enumeration_does() {
    let place = Workplace::new();
    let (mut networks, mut mixed) = (0, 0);
    for seed in 0..16 {
        let network = Perceptron::random(seed);
        if !network.is_clear() {
            continue;
        }
        networks += 1;
        let worlds: Vec<Vec<bool>> = (0..1 << HIDDEN).map(|world| network.relevant(world)).collect();
        let all = (1u32 << HIDDEN) - 1;
        let probability = |event: &dyn Fn(&[bool]) -> bool| -> f64 {
            (0..=all).filter(|&world| event(&worlds[world as usize])).map(chance).sum()
        };
        let each: Vec<f64> = (0..WIDTHS[0]).map(|input| probability(&|relevant| relevant[input])).collect();
        mixed += each.iter().filter(|p| **p > 0.0 && **p < 1.0).count();
        for asked in everybody(&place, &network) {
            let theta = network.theta.to_string();
            let about: Vec<&str> = asked.about.iter().map(String::as_str).collect();
            let ask = |verb: &[&str], options: &[&str]| place.json(&[verb, &about, options, &["--json"]].concat());
            let boolean = ["--theta", theta.as_str()];
            let drop = DROP.to_string();

            if asked.about[0] == "pruned.safetensors" && each.iter().all(|&p| p == 0.0) {
                // Relevance reaches nothing that could have a name.
                let question = ["ask", "probability", "pruned.safetensors", "--drop", &drop];
                place.refuses_whole(&question, &["has no variables"]);
                evaluated(&place, &network, about[0], false);
                continue;
            }

            let dropped = [&boolean[..], &["--drop", &drop]].concat();
            let found = ask(&["ask", "probability"], &dropped);
            close(&numbers(&found["outputs"], "probability"), &each, 1e-9);
            let expected = ask(&["ask", "probability"], &[&dropped[..], &["--expected"]].concat());
            close(&numbers(&expected["outputs"], "expected"), &[each.iter().sum()], 1e-9);
            let together = ask(&["ask", "probability"], &[&dropped[..], &["--together"]].concat());
            let joint = probability(&|relevant| relevant.iter().all(|&relevant| relevant));
            close(&numbers(&together["outputs"], "probability"), &[joint], 1e-9);

            let witnesses = ask(&["ask", "witnesses"], &boolean);
            let models = ask(&["ask", "models"], &boolean);
            let importance = ask(&["ask", "importance", "--measure", "banzhaf"], &boolean);
            let written = ask(&["formula", "--semiring", "boolean", "--format", "json"], &{
                let symbolic: &[&str] = if asked.stored { &[] } else { &["--symbolic", "hidden"] };
                [&boolean[..], symbolic].concat()
            });
            for input in 0..WIDTHS[0] {
                let suffices = |world: u32| worlds[world as usize][input];
                let fewer =
                    |world: u32| (0..HIDDEN).map(move |bit| world & !(1 << bit)).filter(move |&less| less != world);
                let minimal: BTreeSet<u32> =
                    (0..=all).filter(|&world| suffices(world) && !fewer(world).any(suffices)).collect();
                let sets = witnesses["outputs"][input]["sets"].as_array().unwrap();
                assert_eq!(sets.iter().map(bits).collect::<BTreeSet<u32>>(), minimal, "{about:?}");

                let count = (0..=all).filter(|&world| suffices(world)).count() as f64;
                let own = &models["outputs"][input];
                let found: f64 = own["models"].as_str().unwrap().parse().unwrap();
                let share = found / 2f64.powi(own["variables"].as_u64().unwrap() as i32);
                close(&[share], &[count / 2f64.powi(HIDDEN as i32)], 1e-12);

                let values: HashMap<&str, f64> = importance["outputs"][input]["variables"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|own| (own["name"].as_str().unwrap(), own["importance"].as_f64().unwrap()))
                    .collect();
                for neuron in 0..HIDDEN {
                    let without = (0..=all).filter(|world| world >> neuron & 1 == 0);
                    let pivotal = without.filter(|&world| suffices(world | 1 << neuron) && !suffices(world)).count();
                    let banzhaf = pivotal as f64 / 2f64.powi(HIDDEN as i32 - 1);
                    close(&[values.get(&*name(neuron)).copied().unwrap_or(0.0)], &[banzhaf], 1e-9);
                }
            }
            for world in 0..=all {
                assert_eq!(formula(&written, world), worlds[world as usize], "{about:?} {world:b}");
            }
            cases_of_worlds(&network, &worlds, &|lost| {
                let options: &[&str] = if lost { &["--lost"] } else { &[] };
                ask(&["ask", "world"], &[&dropped[..], options].concat())["world"].clone()
            });
            if asked.unpruned {
                derivatives(&network, &ask(&["ask", "gradient", "--output", "x[0]"], &[]));
            }
            if about[0] == "edges.safetensors" {
                evaluated_on_inputs(&place, &network);
            }
            if asked.stored {
                evaluated(&place, &network, about[0], asked.unpruned && about.len() == 1);
            }
        }
    }
    assert!(networks > 10 && mixed > 15, "{networks} {mixed}");
}

/// The most probable worlds in which all inputs stay relevant, or one is lost.
fn cases_of_worlds(network: &Perceptron, worlds: &[Vec<bool>], ask: &dyn Fn(bool) -> Value) {
    for lost in [false, true] {
        let found = ask(lost);
        let holds = |world: u32| worlds[world as usize].iter().all(|&relevant| relevant) != lost;
        let best = (0..worlds.len() as u32).filter(|&world| holds(world)).map(chance).fold(0.0, f64::max);
        match found {
            Value::Null => assert_eq!(best, 0.0),
            found => {
                // Variables that a pruned circuit does not have stay with probability 1 − DROP.
                let gone = bits(&found["dropped"]);
                let world = (1 << HIDDEN) - 1 - gone;
                assert!(holds(world), "{found}");
                let known = (gone | bits(&found["kept"])).count_ones() as i32;
                let others = (1.0 - DROP).powi(HIDDEN as i32 - known);
                close(&[found["probability"].as_f64().unwrap() * others], &[best], 1e-9);
                assert_eq!(network.relevant(world), worlds[world as usize]);
            }
        }
    }
}

/// Relevance is linear in each neuron: its derivative is what goes through it.
fn derivatives(network: &Perceptron, report: &Value) {
    let all = (1u32 << HIDDEN) - 1;
    let whole = network.real(all);
    let largest =
        network.contributions.iter().flatten().fold(1.0f64, |most, d| most.max(d.abs())).powi(3) * network.logit.abs();
    let found: HashMap<&str, f64> = report["variables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| (own["by"].as_str().unwrap(), own["derivative"].as_f64().unwrap()))
        .collect();
    for neuron in 0..HIDDEN {
        let through = whole[0] - network.real(all & !(1 << neuron))[0];
        close(&[found.get(&*name(neuron)).copied().unwrap_or(0.0)], &[through], 1e-4 * largest.max(1e-3));
    }
    close(&[report["sum"].as_f64().unwrap()], &[whole[0]], 1e-4 * largest.max(1e-3));
}

/// `evaluate` of the circuit for every input on its own one, which starts from a target of one's choice; also with variables.
fn evaluated_on_inputs(place: &Workplace, network: &Perceptron) {
    let (theta, target) = (format!("boolean:{}", network.theta), network.target.to_string());
    let values = |semiring: &str, options: &[&str]| -> Vec<f64> {
        let own = ["evaluate", "edges.safetensors", "--target", &target, "--semiring", semiring, "--json", "--quiet"];
        let report = place.json(&[&own[..], options, &["--inputs", "x.npy"]].concat());
        let outputs = &report["semirings"][semiring]["outputs"][0]["values"];
        outputs.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let all = (1u32 << HIDDEN) - 1;
    let largest = network.contributions.iter().flatten().fold(1.0f64, |most, d| most.max(d.abs())).powi(3);
    let error = 1e-4 * (largest * network.logit.abs()).max(1e-3);
    for (variables, world) in [("", all), ("h1[2]=0,h3[1]=0", all & !(1 << 2) & !(1 << 5))] {
        let given: &[&str] = if variables.is_empty() { &[] } else { &["--variables", variables] };
        close(&values("real", given), &network.real(world), error);
        let relevant: Vec<f64> = network.relevant(world).into_iter().map(|is| f64::from(u8::from(is))).collect();
        close(&values("boolean", &[&["--theta", &theta], given].concat()), &relevant, 0.0);
    }
    let halved: Vec<f64> = network.real(all).iter().map(|value| value / 4.0).collect();
    close(&values("real", &["--variables", "h1=0.5,h3=0.5"]), &halved, error);
}

/// `evaluate`, also where some neurons count less.
fn evaluated(place: &Workplace, network: &Perceptron, circuit: &str, of_target: bool) {
    let theta = format!("boolean:{}", network.theta);
    let values = |semiring: &str, options: &[&str]| -> Vec<f64> {
        let own = ["evaluate", circuit, "--semiring", semiring, "--json", "--quiet"];
        let report = place.json(&[&own[..], options].concat());
        let outputs = &report["semirings"][semiring]["outputs"][0]["values"];
        outputs.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let all = (1u32 << HIDDEN) - 1;
    let as_numbers = |world: u32| network.relevant(world).into_iter().map(|relevant| f64::from(u8::from(relevant)));
    // The circuit for every input starts from the answer of the network, unless it is asked about inputs.
    if of_target || circuit == "pruned.safetensors" {
        close(&values("boolean", &["--theta", &theta]), &as_numbers(all).collect::<Vec<_>>(), 0.0);
    }
    if of_target {
        let largest = network.contributions.iter().flatten().fold(1.0f64, |most, d| most.max(d.abs())).powi(3);
        let error = 1e-4 * (largest * network.logit.abs()).max(1e-3);
        close(&values("real", &[]), &network.real(all), error);
        let without = values("real", &["--variables", "h1[2]=0,h3[1]=0"]);
        close(&without, &network.real(all & !(1 << 2) & !(1 << 5)), error);
        let halved: Vec<f64> = network.real(all).iter().map(|value| value / 4.0).collect();
        close(&values("real", &["--variables", "h1=0.5", "--variables", "h3[*]=0.5"]), &halved, error);
        let gone = values("boolean", &["--theta", &theta, "--variables", "h1[0]=0"]);
        close(&gone, &as_numbers(all & !1).collect::<Vec<_>>(), 0.0);
    }
}
