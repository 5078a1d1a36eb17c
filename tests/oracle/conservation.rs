//! The ledger of real relevance: every layer's books close, and say what the oracle says.

use kirchhoff_compile::{MaximumPooling, Rule};
use kirchhoff_evaluate::{Conservation, Ledger};
use kirchhoff_network::Operator;
use kirchhoff_semiring::{Annotation, Real};

use crate::harness::{Case, Evaluated};
use crate::network::{Description, Sort, network};
use crate::random::{Random, Verdict, cases};
use crate::rules::Request;

/// Rounding, relative to what passes through a layer without regard to sign.
const ROUNDING: f64 = 1e-5;

#[test]
fn relevance_is_conserved_without_biases() {
    cases("conservation", 150, 12, &|seed, size| {
        let mut random = Random::new(seed);
        let description = network(&mut random, size, Sort { unbiased: true });
        check(&mut random, description, Request::from(Rule::ZERO), true)
    });
}

#[test]
fn the_books_close_under_every_rule() {
    let rules = [
        Rule::ZERO,
        Rule::epsilon(1e-6),
        Rule::epsilon(0.5),
        Rule::epsilon(0.0),
        Rule::epsilon_rms(0.25),
        Rule::gamma(0.25),
        Rule::alpha_beta(2.0, 1.0),
        Rule::Z_PLUS,
        Rule::z_box(-1.0, 1.0),
        Rule::W_SQUARE,
        Rule::FLAT,
        Rule::MAX_ABS,
    ];
    for rule in rules {
        cases(&rule.to_string(), 30, 12, &|seed, size| {
            let mut random = Random::new(seed);
            let description = network(&mut random, size, Sort::default());
            let winner = random.chance(0.5);
            let maximum_pooling = if winner { MaximumPooling::Winner } else { MaximumPooling::Average };
            let mut request = Request { maximum_pooling, ..Request::from(rule.clone()) };
            for layer in &description.layers {
                let passes = matches!(layer.operator, Operator::Affine(_) | Operator::Add);
                if passes && random.chance(0.3) {
                    request.choices.push((layer.name.clone(), Rule::PASS));
                }
            }
            check(&mut random, description, request, false)
        });
    }
}

/// Evaluates a random start and audits its ledger.
fn check(random: &mut Random, description: Description, request: Request, unbiased: bool) -> Result<Verdict, String> {
    let inputs = description.inputs(random, 2);
    let case = Case::new(description, &request, &inputs, 2)?;
    if !case.is_certain() {
        return Ok(Verdict::Unsuitable);
    }
    let start: Vec<f32> = (0..2 * case.size(case.last())).map(|_| 2.0 * random.unit() as f32 - 1.0).collect();
    let annotations = case.annotations(&vec![Annotation::Identity; case.rules.len()]);
    let amount = |values: &[f32], amounts: &mut [f64]| {
        amounts.iter_mut().zip(values).for_each(|(amount, value)| *amount = f64::from(*value));
    };
    let evaluated = case.evaluate(&Real, &annotations, &start, Some(std::sync::Arc::new(amount)));
    for (execution, ledger) in evaluated.ledgers.iter().enumerate() {
        audit(&case, execution, &evaluated, ledger, unbiased)?;
    }
    Ok(Verdict::Compared)
}

/// What a layer should have in its books, from the oracle's contributions and the evaluator's relevance.
#[derive(Clone, Copy, Debug, Default)]
struct Books {
    entered: f64,
    left: f64,
    bias: f64,
    stabiliser: f64,
    uncovered: f64,
    /// What passes through the layer, without regard to sign.
    turnover: f64,
    /// How far single precision may miss what leaves and what is absorbed.
    error: f64,
    /// Whether the contributions to every neuron are shares of a whole.
    shares: bool,
}

impl Books {
    fn of(case: &Case, layer: usize, execution: usize, relevance: &[f32]) -> Self {
        let contributions = &case.contributions[execution][layer];
        let (rule, operator) = (&case.rules[layer], &case.description.layers[layer].operator);
        // A rule that does not divide among sources passes all of it to each: only one source makes a share.
        let copies = *rule == Rule::PASS && matches!(operator, Operator::Add);
        let mut books = Books { shares: *rule != Rule::MAX_ABS && !copies, ..Books::default() };
        for (k, relevance) in relevance.iter().map(|&relevance| f64::from(relevance)).enumerate() {
            let into = case.edges[layer].iter().zip(&contributions.edges).filter(|(edge, _)| edge.destination == k);
            let (d, errors): (Vec<f64>, Vec<f64>) = into.map(|(_, d)| (d.value, d.error)).unzip();
            books.error += relevance.abs() * (errors.iter().sum::<f64>() + contributions.bias[k].error);
            let (sum, bias) = (d.iter().sum::<f64>(), contributions.bias[k].value);
            books.entered += relevance;
            books.left += sum * relevance;
            books.turnover += relevance.abs() * (1.0 + d.iter().map(|d| d.abs()).sum::<f64>() + bias.abs());
            if [Rule::PASS, Rule::WINNER].contains(rule) {
                books.uncovered += if d.is_empty() { relevance } else { 0.0 };
            } else if books.shares {
                books.bias += bias * relevance;
                books.stabiliser += (1.0 - sum - bias) * relevance;
            }
        }
        books
    }
}

fn sum_of(relevance: &[f32]) -> f64 {
    relevance.iter().map(|&relevance| f64::from(relevance)).sum()
}

fn audit(
    case: &Case,
    execution: usize,
    evaluated: &Evaluated<f32>,
    ledger: &Ledger,
    unbiased: bool,
) -> Result<(), String> {
    let of = |layer: usize| {
        let size = case.size(layer);
        &evaluated.relevance[layer][execution * size..(execution + 1) * size]
    };
    // What has been added to each tensor so far, without regard to sign: sums round relative to it, and a layer that
    // sends little to a tensor where another has sent much sees it round away.
    let mut traffic = vec![0.0; case.last() + 1];
    let mut received = 0.0;
    let mut turnover = 0.0;
    let mut absorbed = 0.0;
    for entry in &ledger.layers {
        let layer = case.layer(&entry.layer);
        let found = entry.conservation.ok_or("no conservation")?;
        let books = Books::of(case, layer, execution, of(layer));
        let context = || {
            format!("{} under {}: {found:?} with gap {:e}, expected {books:?}", entry.layer, entry.rule, found.gap())
        };
        let arguments = &case.description.layers[layer].arguments;
        for (edge, d) in case.edges[layer].iter().zip(&case.contributions[execution][layer].edges) {
            traffic[arguments[edge.argument]] += (d.value * f64::from(of(layer)[edge.destination])).abs();
        }
        let scale: f64 = books.turnover + arguments.iter().map(|&argument| traffic[argument]).sum::<f64>();
        let Conservation { entered, left, bias, stabiliser, uncovered, shares } = found;
        let pairs = [
            (entered, books.entered),
            (left, books.left),
            (bias, books.bias),
            (stabiliser, books.stabiliser),
            (uncovered, books.uncovered),
        ];
        let close = |(found, expected): (f64, f64)| (found - expected).abs() <= 2.0 * books.error + ROUNDING * scale;
        if !pairs.into_iter().all(close) || shares != books.shares {
            return Err(context());
        }
        if shares && found.gap().abs() > ROUNDING * scale {
            return Err(context());
        }
        if unbiased && bias != 0.0 {
            return Err(format!("a bias that is not there absorbs: {}", context()));
        }
        received += left;
        turnover += books.turnover;
        absorbed += bias + stabiliser + uncovered;
    }
    let (first, last): (f64, f64) = (sum_of(of(0)), sum_of(of(case.last())));
    if ledger.layers.iter().all(|entry| entry.conservation.is_some_and(|books| books.shares))
        && (last - first - absorbed).abs() > ROUNDING * turnover
    {
        return Err(format!("{last} started and {first} arrived, but {absorbed} was absorbed"));
    }
    // What left the layers is what the tensors before the output have.
    let held: f64 = (0..case.last()).map(|layer| sum_of(of(layer))).sum();
    if (received - held).abs() > ROUNDING * turnover {
        return Err(format!("{received} left layers, tensors hold {held}"));
    }
    Ok(())
}
