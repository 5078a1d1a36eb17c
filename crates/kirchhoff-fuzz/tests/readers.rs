//! A few hundred mutants of each reader, and all files that once made trouble: no panic, and neither much time nor much memory.

use std::process::Command;

use kirchhoff_fuzz::{READERS, reader};

/// Mutants of each reader; the same ones every time.
const MUTATIONS: &str = "150";

#[test]
fn mutants_are_read_or_refused() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_kirchhoff-fuzz")).args(["mutate", "--mutations", MUTATIONS]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn files_that_made_trouble_make_none() {
    for reader in &READERS {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(reader.name);
        let files = reader.corpus().into_iter().map(|(name, _)| folder.join(name));
        let output = Command::new(env!("CARGO_BIN_EXE_kirchhoff-fuzz"))
            .args(["read", reader.name])
            .args(files)
            .output()
            .unwrap();
        let (said, shown) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{}: {said}{shown}", reader.name);
    }
}

#[test]
fn every_reader_has_seeds_and_a_name_of_its_own() {
    for (number, row) in READERS.iter().enumerate() {
        assert!(!(row.seeds)().is_empty(), "{}", row.name);
        assert_eq!(READERS.iter().position(|other| other.name == row.name), Some(number));
        assert!(reader(row.name).is_some());
    }
}
