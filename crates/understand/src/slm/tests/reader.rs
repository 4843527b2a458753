use std::cell::Cell;
use std::fs;
use std::path::Path;

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QTensor};
use carvoice_core::engine::EngineError;

use super::fixture::Tiny;
use crate::slm::model::Model;
use crate::slm::reader::Reader;

const PREFIX: [u32; 7] = [5, 17, 3, 99, 42, 256, 7];
const TEXT: [u32; 9] = [5, 17, 3, 99, 42, 256, 7, 200, 1];
const CANDIDATES: [u32; 3] = [9, 120, 299];

fn reader(tiny: &Tiny) -> Reader {
    Reader::new(Model::load(&tiny.open(), None, 16, 1).unwrap())
}

/// What the reader thinks comes behind [`TEXT`].
fn thoughts(reader: &mut Reader) -> Vec<f64> {
    reader.read(&TEXT, || Ok(())).unwrap();
    reader.log_probs(TEXT.len(), &CANDIDATES).unwrap()
}

#[test]
fn what_two_texts_share_is_read_once() {
    let mut reader = reader(&Tiny::new());
    let steps = Cell::new(0);
    let mut read = |text: &[u32]| {
        steps.set(0);
        let count = || {
            steps.set(steps.get() + 1);
            Ok(())
        };
        reader.read(text, count).unwrap();
        (steps.get(), reader.log_probs(text.len(), &CANDIDATES).unwrap())
    };
    let whole = read(&TEXT);
    read(&[&PREFIX[..], &[80, 81, 82]].concat());
    assert_eq!(read(&TEXT), (1, whole.1));
    assert_eq!(read(&TEXT).0, 0);
}

#[test]
fn a_refused_step_leaves_what_was_read() {
    let mut reader = reader(&Tiny::new());
    reader.read(&PREFIX, || Ok(())).unwrap();
    assert!(matches!(reader.read(&TEXT, || Err(EngineError::Cancelled)), Err(EngineError::Cancelled)));
    assert!(reader.read(&[1; 17], || Ok(())).is_err());
    assert!(reader.log_probs(0, &CANDIDATES).is_err());
    assert!(reader.log_probs(17, &CANDIDATES).is_err());
    assert!(reader.log_probs(1, &[300]).is_err());
    assert_eq!(thoughts(&mut reader), thoughts(&mut self::reader(&Tiny::new())));
}

fn read_prefix(tiny: &Tiny, tokens: &[u32], file: &Path) -> Reader {
    let mut reader = reader(tiny);
    reader.read_prefix(tokens, file).unwrap();
    reader
}

#[test]
fn a_kept_prefix_is_not_read_again_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new folder").join("prefix.kv");
    let expected = thoughts(&mut reader(&Tiny::new()));
    assert_eq!(thoughts(&mut read_prefix(&Tiny::new(), &PREFIX, &file)), expected);
    let written = fs::read(&file).unwrap();
    assert_eq!(thoughts(&mut read_prefix(&Tiny::new(), &PREFIX, &file)), expected);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing half written is left");

    let mut other = Tiny::new();
    let changed = other.tensors["blk.1.ffn_down.weight"].dequantize(&Device::Cpu).unwrap();
    let changed = QTensor::quantize(&(changed * 1.5).unwrap(), GgmlDType::Q8_0).unwrap();
    other.tensors.insert("blk.1.ffn_down.weight".into(), changed);
    let expected = thoughts(&mut reader(&other));
    assert_eq!(thoughts(&mut read_prefix(&other, &PREFIX, &file)), expected);
    assert!(fs::read(&file).unwrap() != written, "a file of another model is written anew");
}

#[test]
fn a_file_that_is_stale_or_damaged_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prefix.kv");
    let expected = thoughts(&mut reader(&Tiny::new()));
    read_prefix(&Tiny::new(), &PREFIX, &file);
    let right = fs::read(&file).unwrap();
    let mut damaged = right.clone();
    damaged[right.len() / 2] ^= 1;
    for wrong in [Vec::new(), right[..right.len() - 4].to_vec(), damaged, b"cvslmkv0".to_vec()] {
        fs::write(&file, wrong).unwrap();
        assert_eq!(thoughts(&mut read_prefix(&Tiny::new(), &PREFIX, &file)), expected);
        assert!(fs::read(&file).unwrap() == right);
    }
    read_prefix(&Tiny::new(), &PREFIX[1..], &file);
    assert!(fs::read(&file).unwrap() != right, "it is of another prefix now");
}

#[test]
fn a_place_that_cannot_be_written_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let expected = thoughts(&mut reader(&Tiny::new()));
    assert_eq!(thoughts(&mut read_prefix(&Tiny::new(), &PREFIX, folder.path())), expected);
    let mut reader = reader(&Tiny::new());
    assert!(reader.read_prefix(&[1; 17], &folder.path().join("long")).is_err());
    reader.read_prefix(&[], &folder.path().join("empty")).unwrap();
    assert!(!folder.path().join("empty").exists());
}
