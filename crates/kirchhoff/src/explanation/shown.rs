//! What the relevance of an input is shown on: a picture, words, a signal, the columns of a table.

use kirchhoff_data::{InputPart, Inputs};
use kirchhoff_explain::{Answer, TensorRelevance};
use kirchhoff_network::Network;
use kirchhoff_render::Figure;

/// Vectors of up to so many values are shown as the columns of a table, whether their names are known or not.
const COLUMNS: usize = 24;

/// Names of what inputs consist of, for pictures and previews.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Words by the number of their token.
    pub vocabulary: Option<Vec<String>>,
    /// Names of the values of vectors, those of several inputs one after the other.
    pub columns: Option<Vec<String>>,
}

/// One input of a network, as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Its name in the network.
    pub(super) name: String,
    /// What the model's file calls it.
    pub(super) known_as: String,
    pub(super) shape: Vec<usize>,
    /// `[channels, height, width]`, where it can be drawn.
    pub(super) picture: Option<[usize; 3]>,
    /// Where its values begin among those of all inputs.
    first: usize,
    /// Whether it is given, as tokens are.
    given: bool,
}

impl Subject {
    /// The inputs of a network, as they were read.
    pub fn all(network: &Network, inputs: &Inputs) -> Vec<Subject> {
        let given = |name: &str| network.find(name).is_some_and(|node| network.is_given(node));
        let known_as = |name: &str| network.find(name).map_or(name, |node| network.known_as(node)).to_string();
        if inputs.parts.is_empty() {
            let name = network.node(network.input()).name.clone();
            let shape = inputs.shape.clone();
            let picture = inputs.picture.or_else(|| shape[..].try_into().ok());
            let known_as = known_as(&name);
            return vec![Subject { given: given(&name), name, known_as, shape, picture, first: 0 }];
        }
        let mut first = 0;
        let subject = |part: &InputPart| {
            let (name, shape) = (part.name.clone(), part.shape.clone());
            let known_as = known_as(&name);
            let subject = Subject { given: given(&name), name, known_as, shape, picture: part.picture, first };
            first += part.size();
            subject
        };
        inputs.parts.iter().map(subject).collect()
    }

    pub(super) fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// Its values of one of the inputs.
    pub(super) fn values<'a>(&self, inputs: &'a Inputs, input: usize) -> &'a [f32] {
        let all: usize = inputs.shape.iter().product();
        &inputs.values[input * all + self.first..][..self.size()]
    }

    /// The axes that are longer than 1.
    fn axes(&self) -> Vec<usize> {
        self.shape.iter().copied().filter(|&length| length > 1).collect()
    }

    /// The channels and the length of a signal, and whether the axis along it comes first: of a matrix that is no square, the
    /// longer axis is the one along it.
    fn signal(&self) -> Option<([usize; 2], bool)> {
        let [rows, columns] = self.shape[..] else { return None };
        let (channels, length) = (rows.min(columns), rows.max(columns));
        (channels < length && (channels > 1 || length > COLUMNS)).then_some(([channels, length], rows > columns))
    }

    fn tensor<'a>(&self, answer: &'a Answer) -> Option<&'a TensorRelevance> {
        answer.tensors.iter().find(|tensor| tensor.name == self.name && tensor.shape == self.shape)
    }
}

/// The tensors of an answer that are drawn together, and on what.
pub(super) enum Shown<'a> {
    /// A picture of a shape, from the position of its first value on.
    Picture(&'a TensorRelevance, [usize; 3], usize),
    /// Words of one input.
    Words(&'a TensorRelevance, &'a Subject),
    /// A signal, `[channels, length]`, and whether its axes change places for that.
    Signal(&'a TensorRelevance, &'a Subject, [usize; 2], bool),
    /// Columns of a table, from several inputs or one.
    Columns(Vec<(&'a TensorRelevance, &'a Subject)>),
    /// Anything else.
    Tensor(&'a TensorRelevance),
}

impl<'a> Shown<'a> {
    /// What is drawn of an answer about inputs.
    pub fn of(answer: &'a Answer, subjects: &'a [Subject], names: &Names) -> Self {
        let first = &answer.tensors[0];
        let found: Vec<_> = subjects.iter().filter_map(|subject| Some((subject.tensor(answer)?, subject))).collect();
        let size: usize = found.iter().map(|(_, subject)| subject.size()).sum();
        let are_vectors = found.iter().all(|(_, subject)| subject.axes().len() <= 1);
        let named = names.columns.as_ref().is_some_and(|columns| columns.len() == size);
        if found.is_empty() {
            return Shown::Tensor(first);
        }
        if are_vectors && named {
            return Shown::Columns(found);
        }
        let is_table = |subject: &Subject| subject.shape.len() == 1 && subject.size() <= COLUMNS;
        let picture = |(tensor, subject): &(&'a TensorRelevance, &'a Subject)| {
            let is_other = subject.given || is_table(subject) || subject.signal().is_some();
            let picture = subject.picture.filter(|_| !is_other);
            Some(Shown::Picture(tensor, picture?, subject.first))
        };
        if let Some(shown) = found.iter().find_map(picture) {
            return shown;
        }
        let tokens = found.iter().filter(|(_, subject)| subject.given && subject.axes().len() <= 1);
        let longest = tokens.max_by_key(|(_, subject)| (subject.size(), std::cmp::Reverse(subject.first)));
        let all_tokens = found.iter().all(|(_, subject)| subject.given);
        if let Some(&(tensor, subject)) = longest.filter(|_| names.vocabulary.is_some() || all_tokens) {
            return Shown::Words(tensor, subject);
        }
        if are_vectors && size <= COLUMNS {
            return Shown::Columns(found);
        }
        let (tensor, subject) = found[0];
        match subject.signal().filter(|_| !subject.given) {
            Some((shape, turned)) => Shown::Signal(tensor, subject, shape, turned),
            None => Shown::Tensor(tensor),
        }
    }

    /// What the map of an input is drawn as.
    pub fn figure(&self, inputs: &Inputs, input: usize, names: &Names) -> Figure {
        match self {
            Shown::Picture(..) | Shown::Tensor(_) => Figure::Squares,
            Shown::Words(_, subject) => {
                Figure::Words(subject.values(inputs, input).iter().map(|&token| word(names, token)).collect())
            }
            Shown::Signal(_, subject, shape, turned) => {
                let signal: Vec<f64> = subject.values(inputs, input).iter().copied().map(f64::from).collect();
                Figure::Curve { signal: if *turned { channels_first(&signal, *shape) } else { signal } }
            }
            Shown::Columns(found) => {
                let numbered = |subject: &Subject| -> Vec<String> {
                    let only = subject.size() == 1 && found.len() > 1;
                    let name = |number: usize| match (found.len(), only) {
                        (1, _) => number.to_string(),
                        (_, true) => subject.name.clone(),
                        _ => format!("{}[{number}]", subject.name),
                    };
                    (0..subject.size()).map(name).collect()
                };
                let size: usize = found.iter().map(|(_, subject)| subject.size()).sum();
                let named = names.columns.as_ref().filter(|columns| columns.len() == size);
                Figure::Bars(
                    named.cloned().unwrap_or_else(|| found.iter().flat_map(|(_, subject)| numbered(subject)).collect()),
                )
            }
        }
    }
}

/// What the values of each input are called, on one of the inputs: words, or columns whose names are known.
pub(super) fn labels(
    answer: &Answer,
    subjects: &[Subject],
    inputs: &Inputs,
    input: usize,
    names: &Names,
) -> Vec<Option<Vec<String>>> {
    let shown = Shown::of(answer, subjects, names);
    let mut labels = match (&shown, shown.figure(inputs, input, names)) {
        (Shown::Words(..), Figure::Words(words)) => words,
        (Shown::Columns(_), Figure::Bars(columns)) if names.columns.is_some() => columns,
        _ => return vec![None; subjects.len()],
    }
    .into_iter();
    let mut of = |subject: &Subject| {
        let labelled = match &shown {
            Shown::Words(_, words) => *words == subject,
            Shown::Columns(found) => found.iter().any(|(_, column)| *column == subject),
            Shown::Picture(..) | Shown::Signal(..) | Shown::Tensor(_) => false,
        };
        labelled.then(|| labels.by_ref().take(subject.size()).collect())
    };
    subjects.iter().map(&mut of).collect()
}

/// How many values the inputs that have relevance have together, where they are vectors.
pub(super) fn columns(answer: &Answer, subjects: &[Subject]) -> Option<usize> {
    let found = || subjects.iter().filter(|subject| subject.tensor(answer).is_some());
    found().all(|subject| subject.axes().len() <= 1).then(|| found().map(Subject::size).sum())
}

/// The words of each input, where it consists of tokens.
pub(super) fn words(answer: &Answer, subjects: &[Subject], inputs: &Inputs, names: &Names) -> Option<Vec<Vec<String>>> {
    names.vocabulary.as_ref()?;
    let shown = Shown::of(answer, subjects, names);
    let of = |input| match shown.figure(inputs, input, names) {
        Figure::Words(words) => Some(words),
        Figure::Squares | Figure::Over { .. } | Figure::Curve { .. } | Figure::Bars(_) => None,
    };
    (0..inputs.count).map(of).collect()
}

/// A token's word, or its number. Words that are nothing but space are shown as an underscore.
fn word(names: &Names, token: f32) -> String {
    let at = (token >= 0.0 && token.fract() == 0.0).then_some(token as usize);
    let known = at.and_then(|at| names.vocabulary.as_ref()?.get(at)).filter(|word| !word.is_empty());
    match known {
        Some(word) if word.trim().is_empty() => "_".to_string(),
        Some(word) => word.trim().to_string(),
        None => token.to_string(),
    }
}

/// The values of a signal whose channels come last, `[channels, length]`.
pub(super) fn channels_first(values: &[f64], [channels, length]: [usize; 2]) -> Vec<f64> {
    (0..channels).flat_map(|channel| (0..length).map(move |at| values[at * channels + channel])).collect()
}
