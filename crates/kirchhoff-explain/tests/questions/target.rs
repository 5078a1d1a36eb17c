//! Targets as text, and among outputs.

use kirchhoff_explain::{Neurons, Target, TargetError};

#[test]
fn targets_are_read_and_written() {
    for text in ["top", "3", "3,8", "3-8", "1,3-8", "second", "top-second", "top-3", "3-top", "3-rest", "second-rest"] {
        assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
    }
    for text in ["", "x", "-3", "3-", "3,,4", "3,3", "3-3", "rest", "top-top", "top-", "-rest", "top,3"] {
        assert_eq!(text.parse::<Target>(), Err(TargetError::Syntax(text.to_string())));
    }
}

#[test]
fn neurons_of_layers_are_targets() {
    for text in
        ["features.28[3]", "conv[3,7,7],conv[0:2]", "/block/conv-1[*]-/block/conv-1[3]", "a[0]-a[1],a[2]", "1[17]"]
    {
        let target: Target = text.parse().unwrap();
        assert!(matches!(target, Target::Neurons { .. }), "{text}");
        assert_eq!(target.to_string(), text);
        assert_eq!(Target::read(text, &[10]), Ok(target));
    }
    let signs: Vec<f32> = "a[0]-a[1],a[2]".parse::<Target>().unwrap().neurons().map(|(_, sign)| sign).collect();
    assert_eq!(signs, [1.0, -1.0, -1.0]);
    for text in ["conv[3", "conv[3]5", "conv[3],", "conv[3]-", "conv[3],[4]"] {
        assert_eq!(text.parse::<Target>(), Err(TargetError::Syntax(text.to_string())), "{text}");
    }
    for text in ["conv", "[3]", "", "conv]"] {
        assert_eq!(text.parse::<Neurons>(), Err(TargetError::NoNeurons(text.to_string())), "{text}");
    }
}

#[test]
fn targets_are_found_among_outputs() {
    let outputs = [0.5, 2.0, -1.0, 2.0];
    assert_eq!(Target::Top.resolve(&outputs), Ok(vec![(1, 1.0)]));
    assert_eq!("0,3-2".parse::<Target>().unwrap().resolve(&outputs), Ok(vec![(0, 1.0), (3, 1.0), (2, -1.0)]));
    assert_eq!(Target::output(4).resolve(&outputs), Err(TargetError::Range { index: 4, outputs: 4 }));
}

#[test]
fn targets_are_held_against_the_runner_up_and_the_rest() {
    let resolved = |text: &str, outputs: &[f32]| text.parse::<Target>().unwrap().resolve(outputs);
    let outputs = [0.5, 2.0, -1.0, 1.5];
    assert_eq!(resolved("second", &outputs), Ok(vec![(3, 1.0)]));
    assert_eq!(resolved("top-second", &outputs), Ok(vec![(1, 1.0), (3, -1.0)]));
    assert_eq!(resolved("top-0", &outputs), Ok(vec![(1, 1.0), (0, -1.0)]));
    // What would be held against itself is held against what comes next to it.
    assert_eq!(resolved("top-1", &outputs), Ok(vec![(1, 1.0), (3, -1.0)]));
    assert_eq!(resolved("1-top", &outputs), Ok(vec![(1, 1.0), (3, -1.0)]));
    assert_eq!(resolved("3-second", &outputs), Ok(vec![(3, 1.0), (1, -1.0)]));
    let third = -1.0 / 3.0;
    assert_eq!(resolved("2-rest", &outputs), Ok(vec![(2, 1.0), (0, third), (1, third), (3, third)]));
    assert_eq!(resolved("top-rest", &[1.0]), Ok(vec![(0, 1.0)]));
    for (text, index) in [("second", 1), ("top-second", 1), ("4-rest", 4), ("top-7", 7)] {
        assert_eq!(resolved(text, &[1.0]), Err(TargetError::Range { index, outputs: 1 }), "{text}");
    }
}

#[test]
fn places_of_images_are_targets() {
    let read = |text: &str| Target::read(text, &[2, 3, 4]);
    assert_eq!(read("[1,2,3]"), Ok(Target::output(23)));
    assert_eq!(read("[0, 1:3, 3]"), "7,11".parse());
    assert_eq!(read("[0,0,:2],[1,:1,2:]"), "0,1,14,15".parse());
    assert_eq!(read("[1,0,0]-[0,0,0]"), "12-0".parse());
    assert_eq!(read("5-[0,0,0]"), "5-0".parse());
    // What is no place is read as everywhere.
    assert_eq!(read("top"), Ok(Target::Top));
    assert_eq!(read("3-8"), "3-8".parse());
    assert_eq!(read("[1,2]"), read("[1,2,:]"));
    for text in ["[2]", "[2,0,0]", "[0,0,2:2]", "[0,0,1:5]", "[0,0,3:1]", "[a,0,0]", "[0,-1,0]", "[0,0,0,0]"] {
        assert!(matches!(read(text), Err(TargetError::Place { .. })), "{text}");
    }
    for text in ["[1,2,3", "[0,0,0][1,1,1]", "[0,0,0]-", "[0,0,0],", "[0,0,0],0", "-[0,0,0]"] {
        assert_eq!(read(text), Err(TargetError::Syntax(text.to_string())), "{text}");
    }
}
