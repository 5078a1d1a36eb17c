//! What tells a run from others: everything that its results depend on.

use std::collections::BTreeMap;
use std::fmt::Display;

use kirchhoff_data::DataSet;
use kirchhoff_file::checksum_of_file;
use kirchhoff_network::hash_version;
use serde::{Deserialize, Serialize};

use crate::StudyError;

/// The version of how settings become texts: runs of the first one, which has none, were told apart by the text that
/// Rust's `Debug` gives of questions and operators.
const ENCODING: &str = "2";

/// Everything that the results of a run depend on, as text by name: its settings, and hashes of its network and data.
///
/// Two runs with equal identities have equal results; a stored state goes on only under the identity that it was stored
/// with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity(BTreeMap<String, String>);

impl Identity {
    /// The identity of a study of this name, without settings.
    pub fn new(study: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_string();
        let given =
            [("study", study.to_string()), ("version", version), ("way of telling runs apart", ENCODING.into())];
        Identity(given.map(|(name, value)| (name.to_string(), value)).into())
    }

    /// Sets what one setting is.
    pub fn set(&mut self, name: &str, value: impl Display) {
        self.0.insert(name.to_string(), value.to_string());
    }

    /// Sets what one setting is, where it is too long to be told.
    pub fn set_hash(&mut self, name: &str, value: &str) {
        self.set(name, blake3::hash(value.as_bytes()).to_hex());
    }

    /// The name of the study.
    pub(crate) fn study(&self) -> &str {
        self.0.get("study").map_or("", String::as_str)
    }

    /// What differs between the identity of a stored run and this one, in words.
    pub(crate) fn differences(&self, stored: &Identity) -> String {
        let none = "not set".to_string();
        let names: std::collections::BTreeSet<_> = self.0.keys().chain(stored.0.keys()).collect();
        let difference = |name: &&String| {
            let (then, now) = (stored.0.get(*name).unwrap_or(&none), self.0.get(*name).unwrap_or(&none));
            match (then == now, hash_version(then).is_some()) {
                (true, _) => None,
                (false, true) => Some(format!("its {name} was another")),
                (false, false) => Some(format!("its {name} was {then}, now it is {now}")),
            }
        };
        names.iter().filter_map(difference).collect::<Vec<_>>().join("; ")
    }
}

/// A hash of a data set: of its labels and its order, of the content of a file that holds all inputs, and of names,
/// sizes and times of change of the images in folders, which may be many.
///
/// # Errors
/// A file that cannot be read.
pub fn data_hash(data: &DataSet) -> Result<String, StudyError> {
    let mut hasher = blake3::Hasher::new();
    for position in 0..data.count() {
        hasher.update(&data.place(position).to_le_bytes());
        hasher.update(&data.label(position).to_le_bytes());
    }
    match &data.files()[..] {
        [file] => {
            let checksum = checksum_of_file(file);
            hasher.update(&checksum.map_err(|error| StudyError::Read { path: file.to_path_buf(), error })?);
        }
        files => {
            for file in files {
                let metadata = std::fs::metadata(file);
                let metadata = metadata.map_err(|error| StudyError::Read { path: file.to_path_buf(), error })?;
                let text = format!("{} {} {:?};", file.display(), metadata.len(), metadata.modified().ok());
                hasher.update(text.as_bytes());
            }
        }
    }
    if let Some(values) = data.values_in_memory() {
        hasher.update(bytemuck::cast_slice::<f32, u8>(values));
    }
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_but_not_of_hashes() {
        let mut now = Identity::new("mask");
        now.set("inputs", 10);
        now.set_hash("rules", "some");
        now.set("model", format!("2:{}", "ab".repeat(32)));
        let mut then = now.clone();
        assert_eq!(now.differences(&then), "");
        then.set("inputs", 9);
        then.set_hash("rules", "others");
        then.set("model", "cd".repeat(32));
        then.0.remove("way of telling runs apart");
        let told = "its inputs was 9, now it is 10; its model was another; its rules was another; its way of telling runs \
                    apart was not set, now it is 2";
        assert_eq!(now.differences(&then), told);
    }
}
