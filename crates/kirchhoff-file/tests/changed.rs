//! Mapped files that somebody cuts off or overwrites: in a process of their own, since no output is written there any more.
#![cfg(unix)]

use std::fs::{self, File};

use kirchhoff_file::{ChangedInput, MappedFile, Output, check_inputs, write_file};

#[test]
fn what_was_cut_off_is_zeros_and_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, vec![7; 1 << 20]).unwrap();
    let file = MappedFile::open(&path).unwrap();
    assert!(file.is_intact());
    assert_eq!(file[5], 7);
    File::options().write(true).open(&path).unwrap().set_len(4096).unwrap();
    assert!(!file.is_intact());
    assert_eq!(file.iter().map(|&byte| u64::from(byte)).sum::<u64>(), 7 * 4096);
    file.release(0..file.len());
    assert_eq!((file[0], file[1 << 19]), (7, 0));
    assert_eq!(check_inputs(false), Err(ChangedInput { path: path.clone() }));
    let output = folder.path().join("b");
    assert!(write_file(&output, b"b").unwrap_err().to_string().contains("a was changed while it was read"));
    assert!(!output.exists());
    drop(file);

    // A program that goes on, and reads other files, is not concerned any more; one that ends with its outputs is.
    assert_eq!(check_inputs(false), Ok(()));
    assert_eq!(check_inputs(true), Err(ChangedInput { path: path.clone() }));
    write_file(&output, b"b").unwrap();
    assert!(write_file(Output::new(folder.path().join("c")).sparing_inputs(), b"c").is_err());

    // Overwritten with as many bytes.
    let file = MappedFile::open(&path).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(50));
    fs::write(&path, vec![9; 4096]).unwrap();
    assert!(!file.is_intact() && file[0] == 9);
    drop(file);

    // Replaced as this project replaces files: what is mapped is the old one, whole.
    let file = MappedFile::open(&path).unwrap();
    fs::write(folder.path().join("new"), "new").unwrap();
    fs::rename(folder.path().join("new"), &path).unwrap();
    assert!(file.is_intact() && file.iter().all(|&byte| byte == 9));
}
