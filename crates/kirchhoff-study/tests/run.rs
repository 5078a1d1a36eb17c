//! Runs that are stopped at any batch and gone on with end as those that are not.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use kirchhoff_data::DataSet;
use kirchhoff_kernel::Monitor;
use kirchhoff_study::{Folded, Identity, Pass, Run, State, StudyError, Watch};
use serde::{Deserialize, Serialize};

const COUNT: usize = 23;

fn data() -> DataSet {
    let values = (0..COUNT).map(|at| 0.1 * at as f32).collect();
    DataSet::in_memory("numbers", values, &[1], &[0; COUNT], 1).unwrap()
}

fn identity(setting: u32) -> Identity {
    let mut identity = Identity::new("test");
    identity.set("--setting", setting);
    identity
}

/// Asks to stop after some questions.
struct Stop(AtomicU64);

impl Monitor for Stop {
    fn cancelled(&self) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) == 0
    }
}

impl Watch for Stop {}

/// A sum, and the first input of each batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sum(f64, Vec<u64>);

impl State for Sum {
    fn follows(&self, _: &Self) -> bool {
        self.1.iter().all(|&first| first < COUNT as u64)
    }
}

/// Sums by f64 and the order in which batches came; how many batches were computed.
fn work(run: &mut Run<'_>, name: &str) -> (Result<Folded<Sum>, StudyError>, usize) {
    let batches = Cell::new(0);
    let folded = run.pass(
        Pass { name, batch: 4, edges: 1 },
        &mut data(),
        Sum(0.0, Vec::new()),
        |batch| {
            batches.set(batches.get() + 1);
            Ok((batch.positions[0] as u64, batch.values.clone()))
        },
        |Sum(sum, order), (first, values)| {
            values.iter().for_each(|&value| *sum += f64::from(value));
            order.push(first);
        },
    );
    (folded, batches.get())
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_run_goes_on_where_it_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Run::open(&folder.path().join("whole"), identity(1), false, &()).unwrap();
    let whole = work(&mut run, "sum").0.unwrap().state;
    run.finish().unwrap();
    assert_eq!(names(&folder.path().join("whole")), [""; 0]);
    for stop in 0..6 {
        let path = folder.path().join(stop.to_string());
        let watch = Stop(AtomicU64::new(stop));
        let mut run = Run::open(&path, identity(1), false, &watch).unwrap();
        let (stopped, before) = work(&mut run, "sum");
        assert!(matches!(stopped, Err(StudyError::Interrupted { done, .. }) if done == 4 * stop as usize));
        drop(run);
        // What a process leaves that is killed while it writes.
        fs::write(path.join("..test-sum.state.Ab12cd.part"), "half").unwrap();
        let mut run = Run::open(&path, identity(1), false, &()).unwrap();
        let (resumed, after) = work(&mut run, "sum");
        assert_eq!(resumed.unwrap().state, whole);
        assert_eq!(before + after, 6, "no batch was done twice");
        // A pass that is done is not done again.
        drop(run);
        let mut run = Run::open(&path, identity(1), false, &()).unwrap();
        let (again, batches) = work(&mut run, "sum");
        assert_eq!((again.unwrap().state, batches), (whole.clone(), 0));
        assert_eq!(work(&mut run, "second").1, 6);
        run.finish().unwrap();
        assert_eq!(names(&path), [""; 0]);
    }
}

#[test]
fn states_of_others_and_damaged_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Run::open(folder.path(), identity(1), false, &()).unwrap();
    let locked = Run::open(folder.path(), identity(1), false, &()).err().unwrap();
    assert!(matches!(locked, StudyError::Locked { .. }));
    work(&mut run, "sum").0.unwrap();
    drop(run);
    let refused = |identity| Run::open(folder.path(), identity, false, &()).err().unwrap().to_string();
    let other = refused(identity(2));
    assert!(other.contains("its --setting was 1, now it is 2") && other.contains("--restart"), "{other}");
    assert!(refused(Identity::new("another")).contains("its study was test, now it is another"));
    let path = folder.path().join(".test-sum.state");
    let bytes = fs::read(&path).unwrap();
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        fs::write(&path, changed).unwrap();
        // Without its first words it is nobody's that is known.
        let words = if position < 16 { "is no file of a study" } else { "is damaged" };
        assert!(refused(identity(1)).contains(words));
    }
    for (length, words) in [(10, "is no file of a study"), (20, "is damaged"), (bytes.len() - 1, "is damaged")] {
        fs::write(&path, &bytes[..length]).unwrap();
        assert!(refused(identity(1)).contains(words));
    }
    let mut run = Run::open(folder.path(), identity(2), true, &()).unwrap();
    assert_eq!(work(&mut run, "sum").1, 6);
    run.finish().unwrap();
}

/// The hash is no proof of who wrote a state: what cannot be one of the pass is refused before it is used.
#[test]
fn states_that_no_pass_comes_to_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = |count: usize, sums: Vec<u64>| {
        let mut run = Run::open(folder.path(), identity(1), true, &()).unwrap();
        let mut data = DataSet::in_memory("numbers", vec![0.0; count], &[1], &vec![0; count], 1).unwrap();
        let pass = Pass { name: "sum", batch: 4, edges: u64::MAX };
        run.pass(pass, &mut data, sums, |_| Ok(()), |_, ()| ()).map(drop).unwrap();
    };
    let go_on = |sums: Vec<u64>| {
        let mut run = Run::open(folder.path(), identity(1), false, &()).unwrap();
        let pass = Pass { name: "sum", batch: 4, edges: u64::MAX };
        run.pass(pass, &mut data(), sums, |_| Ok(()), |_, ()| ()).map(|folded| folded.state)
    };
    state(COUNT, vec![1, 2]);
    assert_eq!(go_on(vec![0, 0]).unwrap(), [1, 2]);
    for (count, stored) in
        [(COUNT, vec![1]), (COUNT, vec![1, 2, 3]), (COUNT, vec![1, u64::MAX]), (COUNT + 1, vec![1, 2])]
    {
        state(count, stored.clone());
        let refused = go_on(vec![0, 0]).unwrap_err();
        assert!(matches!(refused, StudyError::State { .. }), "{count} inputs, {stored:?}");
    }
}

#[test]
fn a_failure_is_passed_on_and_what_was_stored_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Run::open(folder.path(), identity(1), false, &()).unwrap();
    let pass = Pass { name: "sum", batch: 4, edges: 1 };
    let fail = |_: &kirchhoff_data::Batch| Err::<(), _>(StudyError::Settings("no".to_string()));
    let failed = run.pass(pass, &mut data(), 0u64, fail, |_, ()| ());
    assert_eq!(failed.unwrap_err().to_string(), "no");
}

/// Files of others stay as they are, whatever they are called: by none of the runs, with and without a restart.
#[test]
fn files_of_others_stay() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("results");
    fs::create_dir_all(folder.join(".folder.state")).unwrap();
    for name in [".download.part", ".x.state", ".x.state.part", "..x.state.part", "notes.txt"] {
        fs::write(folder.join(name), "a user's").unwrap();
    }
    let listed = || {
        let mut names = names(&folder);
        names.sort();
        names
    };
    let before = listed();
    for restart in [false, true] {
        let mut run = Run::open(&folder, identity(1), restart, &()).unwrap();
        work(&mut run, "sum").0.unwrap();
        run.finish().unwrap();
        assert_eq!(listed(), before);
        assert_eq!(fs::read(folder.join(".x.state")).unwrap(), b"a user's");
    }
    for name in [".study.lock", ".test-sum.state"] {
        fs::write(folder.join(name), "a user's").unwrap();
        for restart in [false, true] {
            let refused = Run::open(&folder, identity(1), restart, &()).err().unwrap();
            assert!(matches!(refused, StudyError::InTheWay { .. }), "{refused}");
            assert_eq!(fs::read(folder.join(name)).unwrap(), b"a user's");
        }
        fs::remove_file(folder.join(name)).unwrap();
    }
    assert_eq!(listed(), before);
}

#[test]
fn a_run_that_stored_nothing_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("deep/results");
    drop(Run::open(&folder, identity(1), false, &()).unwrap());
    assert_eq!(names(place.path()), [""; 0]);
    let mut run = Run::open(&folder, identity(1), false, &()).unwrap();
    work(&mut run, "sum").0.unwrap();
    drop(run);
    assert_eq!(names(&folder).len(), 2, "the state and the lock");
}
