//! Explanations against their parts.

use kirchhoff_explain::{Described, Layers, explain};
use kirchhoff_file::TensorFile;
use kirchhoff_network::Execution;
use kirchhoff_semiring::{Array, Project, Semiring, Viterbi};

use super::*;
use crate::embedded;

/// The strongest path and its length in edges: two numbers a value.
#[derive(Clone)]
struct Strongest;

impl Semiring for Strongest {
    type Value = (f32, u32);

    fn zero(&self) -> (f32, u32) {
        (0.0, 0)
    }

    fn one(&self) -> (f32, u32) {
        (1.0, 0)
    }

    fn plus(&self, a: &(f32, u32), b: &(f32, u32)) -> (f32, u32) {
        if b.0 > a.0 { *b } else { *a }
    }

    fn times(&self, a: &(f32, u32), b: &(f32, u32)) -> (f32, u32) {
        if a.0 * b.0 > 0.0 { (a.0 * b.0, a.1 + b.1) } else { self.zero() }
    }
}

impl Project for Strongest {
    fn project(&self, a: &(f32, u32)) -> f64 {
        f64::from(a.0)
    }

    fn columns(&self, values: &[(f32, u32)]) -> Vec<(String, Array)> {
        vec![("edges".to_string(), Array::F64(values.iter().map(|value| f64::from(value.1)).collect()))]
    }
}

fn strongest() -> Question {
    let theta = |_: &str, d: f32| if d > 0.0 { (d.min(1.0), 1) } else { (0.0, 0) };
    Question::of(Described::new("strongest", Strongest).with_theta(theta).with_rule("max-abs"))
}

fn digits() -> (Arc<Network>, Inputs) {
    let (network, inputs) = embedded::digits().unwrap();
    (Arc::new(network), inputs)
}

#[test]
fn batches_make_no_difference() {
    let (network, inputs) = digits();
    let mut questions = ["real", "boolean", "counting"].map(|name| Question::new(name).unwrap());
    questions[0].layers = Layers::All;
    let questions = [&questions[..], &[strongest()]].concat();
    let whole = ExplanationOptions { activations: true, ..ExplanationOptions::default() };
    let parted = ExplanationOptions { memory: Some(100_000), ..whole.clone() };
    assert!((2..10).contains(&batch_size(&network, 10, parted.memory).unwrap()), "several batches");
    let whole = Explanation::run(&network, inputs.clone(), &questions, &whole, &()).unwrap();
    let parted = Explanation::run(&network, inputs.clone(), &questions, &parted, &()).unwrap();
    let execution = Execution::run(network.clone(), &inputs.values, 10, &()).unwrap();
    for (question, semiring) in questions.iter().zip(["real", "boolean", "counting", "strongest"]) {
        let answer = explain(&execution, question, &()).unwrap();
        for tensor in &answer.tensors {
            let relevance = parted.relevance(semiring, &tensor.name).unwrap();
            assert_eq!(relevance, whole.relevance(semiring, &tensor.name).unwrap());
            assert_eq!(relevance.to_f64().into_raw_vec_and_offset().0, tensor.values.to_f64());
        }
        assert_eq!(parted.ledgers(semiring).unwrap(), answer.ledgers);
    }
    for (id, node) in network.nodes() {
        let activations = parted.activations(&node.name).unwrap();
        assert_eq!(activations.as_slice().unwrap(), &execution.activations(id)[..]);
        assert_eq!(activations.shape()[1..], node.shape);
    }
    let answers: Vec<usize> = (0..10).map(|input| kirchhoff_explain::top(execution.output(input))).collect();
    assert_eq!(parted.summaries().iter().map(|summary| summary.top).collect::<Vec<_>>(), answers);
}

#[test]
fn files_hold_every_number_of_a_value() {
    let (network, inputs) = digits();
    let questions = [strongest(), Question::new("boolean").unwrap(), Question::new("real").unwrap()];
    let explanation = Explanation::run(&network, inputs, &questions, &ExplanationOptions::default(), &()).unwrap();
    let place = tempfile::tempdir().unwrap();
    explanation.write(place.path().join("out"), &PictureOptions { most: 1, ..PictureOptions::default() }).unwrap();
    let mut names: Vec<_> = std::fs::read_dir(place.path().join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    let pictures = [
        "boolean-digit_0.png",
        "explanation.json",
        "real-digit_0.png",
        "relevance.safetensors",
        "sheet.png",
        "strongest-digit_0.png",
    ];
    assert_eq!(names, pictures);

    let file = TensorFile::open(&place.path().join("out/relevance.safetensors")).unwrap();
    assert_eq!(file.shape("strongest/input/edges"), Some(&[10, 784][..]));
    let edges = file.slice::<f64>("strongest/input/edges").unwrap();
    let column = explanation.column("strongest", "input", "edges").unwrap().to_f64();
    assert_eq!(edges.as_ref(), column.as_slice().unwrap());
    // Three layers of edges lead to every pixel that is relevant.
    assert!(column.iter().all(|&edges| edges == 0.0 || edges == 3.0));
    let truths = explanation.relevance("boolean", "input").unwrap().bool().unwrap();
    let stored = file.bytes("boolean/input").unwrap().iter().map(|&byte| byte == 1);
    assert!(stored.eq(truths.iter().copied()));

    let json: serde_json::Value = serde_json::to_value(explanation.report()).unwrap();
    assert_eq!(json["semirings"]["strongest"]["layers"][0]["rule"], "max-abs");
}

/// The names of the files that an explanation writes, and the bytes of one of them.
fn written(explanation: &Explanation, options: &PictureOptions, name: &str) -> (Vec<String>, Vec<u8>) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("out");
    // Twice: what the first wrote is known as this tool's.
    explanation.write(&folder, options).unwrap();
    explanation.write(&folder, options).unwrap();
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    (names, std::fs::read(folder.join(name)).unwrap())
}

#[test]
fn pictures_for_papers_are_written_as_they_were_asked_for() {
    let (network, mut inputs) = digits();
    inputs.names[1] = inputs.names[0].clone();
    let mut questions = ["real", "viterbi"].map(|name| Question::new(name).unwrap());
    questions.iter_mut().for_each(|question| question.layers = Layers::All);
    let explanation = Explanation::run(&network, inputs, &questions, &ExplanationOptions::default(), &()).unwrap();
    let options = PictureOptions {
        most: 2,
        formats: vec![PictureFormat::Svg, PictureFormat::Pdf],
        titled: true,
        overlay: Some(0.8),
        colours: vec!["purple-green".parse().unwrap(), "viridis".parse().unwrap()],
        clip: Some(0.99),
        layers: 3,
        ..PictureOptions::default()
    };
    let (names, svg) = written(&explanation, &options, "real-digit_0.svg");
    let svg = String::from_utf8(svg).unwrap();
    assert!(svg.contains(">digit 0</text>") && svg.contains("%) · real</text>"), "{svg}");
    for name in ["real-digit_0-2.svg", "viterbi-digit_0.pdf", "sheet.svg", "sheet.pdf"] {
        assert!(names.iter().any(|found| found == name), "{name} in {names:?}");
    }
    let layers = names.iter().filter(|name| name.starts_with("layer-")).count();
    assert_eq!(layers, 2 * 3, "three pictures of hidden layers in two formats: {names:?}");
    assert!(!names.iter().any(|name| name.ends_with(".png")));
    let pictures = explanation.pictures(&options);
    let hidden = explanation.answers()[0].tensors.len() - 1;
    assert_eq!(pictures.count_of_layers(explanation.answers(), 2), 2 * 2 * hidden);
}

#[test]
fn one_scale_is_that_of_all_pictures_that_have_it() {
    let (network, inputs) = digits();
    let questions = ["real", "viterbi", "fuzzy"].map(|name| Question::new(name).unwrap());
    let explanation = Explanation::run(&network, inputs, &questions, &ExplanationOptions::default(), &()).unwrap();
    let answers = explanation.answers();
    let largest = |answer: usize, input: usize| {
        let values = answers[answer].tensors[0].values.part_to_f64(input * 784..(input + 1) * 784);
        values.into_iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))
    };
    let ranges = |same_scale| {
        let options = PictureOptions { same_scale, clip: Some(1.0), ..PictureOptions::default() };
        let styles = explanation.pictures(&options).styles(answers, 4).unwrap();
        styles.iter().map(|styles| styles.iter().map(|style| style.range()).collect()).collect::<Vec<Vec<_>>>()
    };
    assert!(ranges(None).iter().flatten().all(Option::is_none));
    for (answer, ranges) in ranges(Some(SameScale::Semiring)).into_iter().enumerate() {
        let all = (0..4).map(|input| largest(answer, input)).fold(0.0, f64::max);
        assert!(ranges.iter().all(|range| range.unwrap()[1] == all), "{answer}: {ranges:?} and {all}");
    }
    let of_inputs = ranges(Some(SameScale::Input));
    let [real, viterbi, bottleneck] = &of_inputs[..] else { panic!("three semirings") };
    for (input, real) in real.iter().enumerate() {
        assert_eq!(real.unwrap(), [-largest(0, input), largest(0, input)]);
        let both = largest(1, input).max(largest(2, input));
        assert_eq!([viterbi[input], bottleneck[input]], [Some([0.0, both]); 2]);
    }
}

#[test]
fn relevance_lies_over_the_picture_that_it_is_of() {
    let (network, inputs) = digits();
    let questions = [Question::new("real").unwrap()];
    let explanation = Explanation::run(&network, inputs, &questions, &ExplanationOptions::default(), &()).unwrap();
    let options = PictureOptions { overlay: Some(1.0), ..PictureOptions::default() };
    let pictures = explanation.pictures(&options);
    let (map, figure) = pictures.figure(&explanation.answers()[0], 7).unwrap();
    assert!(matches!(figure, kirchhoff_render::Figure::Over { .. }));
    let drawn = pictures.picture(&explanation.answers()[0], 7, "").unwrap().image();
    let style = options.style(kirchhoff_render::Kind::Signed).unwrap();
    let (fitted, factor) = (style.fit(&map), drawn.width() / 28);
    for row in 0..28 {
        for column in 0..28 {
            let value = map.cell(row, column).unwrap();
            let pixel = drawn.get_pixel(column as u32 * factor, row as u32 * factor);
            // What is most relevant covers all of the picture, what is not relevant nothing of its grey.
            match fitted.position(value) {
                position if position.abs() == 1.0 => assert_eq!(*pixel, fitted.colour(value)),
                0.0 => assert!(pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2], "{pixel:?}"),
                _ => {}
            }
        }
    }
}

#[test]
fn looks_out_of_range_are_refused() {
    let refused = |options: PictureOptions| options.check().unwrap_err().to_string();
    assert!(refused(PictureOptions { overlay: Some(1.5), ..PictureOptions::default() }).contains("from 0 to 1"));
    assert!(refused(PictureOptions { overlay: Some(f64::NAN), ..PictureOptions::default() }).contains("opacity"));
    assert!(refused(PictureOptions { clip: Some(0.5), ..PictureOptions::default() }).contains("quantile"));
    let unknown = "gif".parse::<PictureFormat>().unwrap_err().to_string();
    assert_eq!(unknown, "unknown format of pictures `gif`: there are png, svg, pdf");
    PictureOptions::default().check().unwrap();
}

#[test]
fn what_cannot_be_told_apart_or_is_not_there_is_refused() {
    let (network, inputs) = digits();
    let options = ExplanationOptions::default();
    let refused = |questions: &[Question], options: &ExplanationOptions| {
        Explanation::run(&network, inputs.clone(), questions, options, &()).unwrap_err().to_string()
    };
    let twice = [strongest(), Question::of(Described::embedding("strongest", Viterbi))];
    assert!(refused(&twice, &options).contains("two questions are in semiring `strongest`"));
    assert!(refused(&[], &options).contains("at least one question"));
    let little = ExplanationOptions { memory: Some(1), ..ExplanationOptions::default() };
    assert!(refused(&twice[..1], &little).contains("MiB"));

    let explanation = Explanation::run(&network, inputs.clone(), &twice[..1], &options, &()).unwrap();
    let error = explanation.relevance("real", "input").unwrap_err().to_string();
    assert_eq!(error, "there is no answer in semiring `real`; there are: strongest");
    assert!(explanation.relevance("strongest", "4").unwrap_err().to_string().contains("tensor `4`"));
    assert!(explanation.column("strongest", "input", "cost").unwrap_err().to_string().ends_with("edges"));
    assert!(explanation.activations("4").is_err(), "they were not asked for");
    assert_eq!(explanation.activations("input").unwrap().shape(), [10, 784]);
}

#[test]
fn a_page_needs_what_tensors_come_to_and_paths_to_the_most_relevant_elements() {
    let (network, inputs) = digits();
    let mut questions = ["real", "bottleneck"].map(|name| Question::new(name).unwrap());
    questions.iter_mut().for_each(|question| question.layers = Layers::All);
    let page = PageOptions { paths: PathOptions { most: 3, elements: vec![(0, 5)] }, ..PageOptions::default() };
    let options = ExplanationOptions { page: Some(page), ..ExplanationOptions::default() };
    let explanation = Explanation::run(&network, inputs.clone(), &questions, &options, &()).unwrap();
    for answer in explanation.answers() {
        assert_eq!(answer.summaries.len(), answer.tensors.len());
        for tensor in &answer.tensors {
            let summary = answer.summaries.iter().find(|summary| summary.name == tensor.name).unwrap();
            // Each neuron of a vector is a channel.
            assert_eq!(summary.channels, tensor.values, "{}", tensor.name);
            let size = tensor.shape[0];
            let count = summary.quantiles.len() / 10;
            assert!(count == 0 || count == size.min(kirchhoff_explain::QUANTILES), "{count} of {size}");
            for (input, quantiles) in summary.quantiles.chunks(count.max(1)).enumerate() {
                let mut sorted = tensor.values.part_to_f64(input * size..(input + 1) * size);
                sorted.sort_unstable_by(f64::total_cmp);
                assert_eq!(f64::from(quantiles[0]), sorted[0]);
                assert_eq!(f64::from(quantiles[count - 1]), sorted[size - 1]);
                assert!(quantiles.is_sorted());
            }
        }
    }
    let viterbi = Explanation::run(&network, inputs, &[Question::new("viterbi").unwrap()], &Default::default(), &());
    let viterbi = viterbi.unwrap().relevance("viterbi", "input").unwrap().to_f64();
    assert_eq!(explanation.paths.len(), 10);
    for (input, elements) in explanation.paths.iter().enumerate() {
        assert!((4..=7).contains(&elements.len()), "three in each semiring, and one that was asked for");
        for found in elements {
            let best = found.paths.first().map_or(0.0, |path| path.weight);
            assert!((best - viterbi[[input, found.element]]).abs() <= 1e-6 * best, "{}", found.element);
        }
    }
}
