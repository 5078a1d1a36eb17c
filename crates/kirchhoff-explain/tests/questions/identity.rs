//! Texts of questions tell them apart.

use kirchhoff_compile::{Bounds, Composite, LayerPattern, Rule};
use kirchhoff_evaluate::{Annotations, Coverage};
use kirchhoff_semiring::{Annotation, DefaultStart};

use kirchhoff_explain::{Layers, Question, Target, ThetaChoice};

fn pattern(text: &str) -> LayerPattern {
    LayerPattern::new(text).unwrap()
}

/// One question in which everything is said.
fn full() -> Question {
    let mut question = Question::new("boolean").unwrap();
    question.assignment = "epsilon-gamma-box".parse::<Composite>().unwrap().into();
    question.assignment = question
        .assignment
        .choose(pattern("features.*"), Rule::gamma(0.25))
        .with_bounds(Bounds { low: [-1.5, 0.0].into(), high: [1.0, 2.0].into() });
    question.choices = vec![
        (pattern("a"), ThetaChoice::Theta(0.05)),
        (pattern("b"), ThetaChoice::Annotation(Annotation::ThresholdAbs(0.5))),
        (pattern("c"), ThetaChoice::Coverage(Coverage::new(0.1).unwrap())),
    ];
    question.targets = vec![Target::Top, Target::Outputs { plus: vec![1, 3], minus: vec![8] }];
    question.layers = Layers::Matching(vec![pattern("a"), pattern("b.*")]);
    question.count_kept = true;
    question.settled = Some(Annotations::new(vec![Annotation::Identity, Annotation::Threshold(1e-9)]));
    question
}

#[test]
fn the_identity_of_a_question_stays_what_it_is() {
    assert_eq!(
        Question::new("real").unwrap().identity(),
        "semiring: real\n\
         rules: 58:composite: epsilon\nmaximum pooling: winner\nlow: 0\nhigh: 1\n\n\
         annotation: identity\nshare: none\nstart: logit\ntarget: top\nlayers: input\n\
         edges that are kept are counted: no\n"
    );
    assert_eq!(
        full().identity(),
        "semiring: boolean\n\
         rules: 112:composite: epsilon-gamma-box\nrule of 10:features.*: gamma(0.25)\nmaximum pooling: winner\n\
         low: -1.5, 0\nhigh: 1, 2\n\n\
         annotation: threshold(1e-9)\nshare: none\n\
         annotation of 1:a: theta 0.05\nannotation of 1:b: annotation threshold-abs(0.5)\n\
         annotation of 1:c: share auto(0.1)\n\
         start: 1\ntarget: top\ntarget: for [1,3], against [8]\n\
         layers: matching\nlayer: 1:a\nlayer: 3:b.*\n\
         edges that are kept are counted: yes\nannotations of all layers: identity, threshold(1e-9)\n"
    );
}

#[test]
fn questions_that_differ_have_different_identities() {
    type Change = Box<dyn Fn(&mut Question)>;
    let changes: Vec<Change> = vec![
        Box::new(|_| {}),
        Box::new(|question| question.semiring = Question::new("counting").unwrap().semiring),
        Box::new(|question| question.assignment = Rule::epsilon(1e-6).into()),
        Box::new(|question| question.assignment = "epsilon".parse::<Composite>().unwrap().into()),
        Box::new(|question| question.annotation = Annotation::Threshold(0.5)),
        Box::new(|question| question.coverage = Coverage::new(0.5)),
        Box::new(|question| question.choices.truncate(2)),
        Box::new(|question| question.choices.swap(0, 1)),
        Box::new(|question| question.start = DefaultStart::Logit),
        Box::new(|question| question.targets.truncate(1)),
        Box::new(|question| question.targets = vec![Target::Outputs { plus: vec![1], minus: vec![3, 8] }]),
        Box::new(|question| question.layers = Layers::All),
        Box::new(|question| question.layers = Layers::Matching(vec![pattern("a\nlayer: 3:b.*")])),
        Box::new(|question| question.count_kept = false),
        Box::new(|question| question.summaries = true),
        Box::new(|question| question.settled = None),
    ];
    let identity = |change: &dyn Fn(&mut Question)| {
        let mut question = full();
        change(&mut question);
        question.identity()
    };
    let mut identities: Vec<String> = changes.iter().map(|change| identity(change)).collect();
    identities.sort_unstable();
    identities.dedup();
    assert_eq!(identities.len(), changes.len());
}
