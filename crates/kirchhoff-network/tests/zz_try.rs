//! Tries.
#[test]
fn try_refused() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/onnx/refused");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "onnx") {
            match kirchhoff_network::import::onnx::read(&path, None) {
                Ok(_) => println!("LOADS {}", path.file_stem().unwrap().to_str().unwrap()),
                Err(e) => println!("{}: {}", path.file_stem().unwrap().to_str().unwrap(), e.to_string().split(": ").skip(1).collect::<Vec<_>>().join(": ")),
            }
        }
    }
}
#[test]
fn try_cases() {
    for folder in ["/work/shared/cases/networks"] {
        let mut all: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        all.sort();
        for path in all {
            if path.extension().is_some_and(|e| e == "onnx") {
                match kirchhoff_network::import::onnx::read(&path, None) {
                    Ok(_) => println!("LOADS {}", path.file_stem().unwrap().to_str().unwrap()),
                    Err(e) => println!("{}: {}", path.file_stem().unwrap().to_str().unwrap(), e.to_string().split(": ").skip(1).collect::<Vec<_>>().join(": ")),
                }
            }
        }
    }
    for name in ["op-encoder","op-gru","op-lstm","op-mixed","op-se","op-unet","op-vit"] {
        let path = std::path::PathBuf::from(format!("/work/shared/golden/{name}/model.onnx"));
        match kirchhoff_network::import::onnx::read(&path, None) {
            Ok(m) => println!("LOADS {name} {}", m.network.nodes().len()),
            Err(e) => println!("{name}: {e}"),
        }
    }
}
