//! What tells a question from others, as a text that can be stored.

use std::fmt::Write;

use kirchhoff_semiring::DefaultStart;

use crate::{Layers, Neurons, Question, Target, ThetaChoice};

impl Question {
    /// Everything that the answer depends on, as lines of a name and a value each. Two questions with equal texts are the
    /// same question; the text does not depend on the machine, nor on how the types are written in Rust.
    ///
    /// Takes time in the number of targets and layers.
    pub fn identity(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{name}: {value}");
        };
        line("semiring", &self.semiring.name);
        if !self.semiring.is_built_in() {
            // Of a semiring that is no part of this program, what it says of itself.
            let info = &*self.semiring;
            let theta = info.own_theta.as_deref().unwrap_or_default();
            for text in [&*info.carrier, &info.plus, &info.times, &info.zero, &info.one, theta] {
                line("of its definition", &counted(text));
            }
        }
        line("rules", &counted(&self.assignment.to_string()));
        line("annotation", &self.annotation.to_string());
        line("share", &self.coverage.map_or("none".to_string(), |coverage| coverage.to_string()));
        for (pattern, choice) in &self.choices {
            line(&format!("annotation of {}", counted(pattern.text())), &choice_text(choice));
        }
        line(
            "start",
            match self.start {
                DefaultStart::Logit => "logit",
                DefaultStart::One => "1",
            },
        );
        self.targets.iter().for_each(|target| line("target", &target_text(target)));
        self.through.iter().for_each(|neurons| line("through", &counted(&neurons.to_string())));
        self.removed.iter().for_each(|neurons| line("removed", &counted(&neurons.to_string())));
        match &self.layers {
            Layers::Input => line("layers", "input"),
            Layers::All => line("layers", "all"),
            Layers::Matching(patterns) => {
                line("layers", "matching");
                patterns.iter().for_each(|pattern| line("layer", &counted(pattern.text())));
            }
        }
        line("edges that are kept are counted", if self.count_kept { "yes" } else { "no" });
        if self.summaries {
            line("all tensors are summed up", "yes");
        }
        if let Some(settled) = &self.settled {
            let settled: Vec<_> = (0..settled.count()).map(|layer| settled.of(layer).to_string()).collect();
            line("annotations of all layers", &settled.join(", "));
        }
        text
    }
}

/// A text with its length in front: whatever it holds, nothing after it can be taken for a part of it.
fn counted(text: &str) -> String {
    format!("{}:{text}", text.len())
}

fn choice_text(choice: &ThetaChoice) -> String {
    match choice {
        ThetaChoice::Annotation(annotation) => format!("annotation {annotation}"),
        ThetaChoice::Theta(theta) => format!("theta {theta}"),
        ThetaChoice::Coverage(coverage) => format!("share {coverage}"),
    }
}

/// A target, however many outputs count on either side.
fn target_text(target: &Target) -> String {
    match target {
        Target::Top => "top".to_string(),
        Target::Relative(relative) => relative.to_string(),
        Target::Outputs { plus, minus } => {
            let list = |outputs: &[usize]| outputs.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
            format!("for [{}], against [{}]", list(plus), list(minus))
        }
        Target::Neurons { plus, minus } => {
            let list = |side: &[Neurons]| side.iter().map(|one| counted(&one.to_string())).collect::<String>();
            format!("for neurons {}, against {}", list(plus), list(minus))
        }
    }
}
