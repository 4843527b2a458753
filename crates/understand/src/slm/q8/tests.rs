use candle_core::quantized::{GgmlDType, QTensor};

use super::*;

/// Reproducible numbers in -1.0..1.0.
fn noise(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0).collect()
}

/// A matrix of these values, and what is left of them in 8 bits.
fn quantised(values: &[f32], cols: usize) -> (Q8Matrix, Vec<f32>) {
    let row = |row: usize, out: &mut [Block]| Block::quantise_row(&values[row * cols..][..cols], out);
    let mut blocks = vec![Block::ZERO; values.len() / BLOCK];
    Block::quantise_row(values, &mut blocks);
    let exact = blocks.iter().flat_map(Block::values).collect();
    (Q8Matrix::build(values.len() / cols, cols, row).unwrap(), exact)
}

fn matrix(rows: usize, cols: usize) -> (Q8Matrix, Vec<f32>) {
    quantised(&noise(rows * cols, 1), cols)
}

fn activations(x: &[f32], cols: usize) -> Activations {
    let mut activations = Activations::default();
    activations.quantise(x, cols);
    activations
}

#[test]
fn products_are_those_of_the_weights_for_any_number_of_rows_and_tokens() {
    for (rows, cols, tokens) in [(1, 32, 1), (16, 64, 4), (21, 96, 5), (131, 576, 19)] {
        let (matrix, weights) = matrix(rows, cols);
        let inputs = noise(tokens * cols, 2);
        let x = Tensor::from_vec(inputs.clone(), (tokens, cols), &Device::Cpu).unwrap();
        let out: Vec<Vec<f32>> = matrix.product(&x).unwrap().to_vec2().unwrap();
        for (token, out) in out.iter().enumerate() {
            assert_eq!(out.len(), rows);
            for (row, out) in out.iter().enumerate() {
                let pairs = weights[row * cols..][..cols].iter().zip(&inputs[token * cols..]);
                let exact: f32 = pairs.map(|(a, b)| a * b).sum();
                assert!((out - exact).abs() < 0.01 * (cols as f32).sqrt(), "{rows} {cols} {token} {row}");
            }
        }
    }
}

/// The extreme bytes of both sides, in every place of a block.
fn extremes() -> (Q8Matrix, Activations) {
    let cols = 4 * BLOCK;
    let matrix = Q8Matrix::build(GROUP, cols, |row, blocks| {
        for (block, out) in blocks.iter_mut().enumerate() {
            out.scale = f16::ONE;
            for (i, value) in out.values.iter_mut().enumerate() {
                *value = if (i + row + block).is_multiple_of(3) { 127 } else { i8::MIN };
            }
        }
    });
    let signs = (0..TILE * cols).map(|i| if (i / 5).is_multiple_of(2) { 127.0 } else { -127.0 });
    (matrix.unwrap(), activations(&signs.collect::<Vec<_>>(), cols))
}

#[test]
fn every_kernel_gives_the_same() {
    let (usual, _) = matrix(GROUP, 576);
    let usual = (usual, activations(&noise(TILE * 576, 3), 576));
    for (matrix, x) in [usual, extremes()] {
        let run = |kernel: &dyn Fn(Group<'_>, &mut [Lanes])| {
            (1..=TILE)
                .map(|tokens| {
                    let mut out = vec![[0.0; GROUP]; tokens];
                    kernel(matrix.group(0), &mut out);
                    out
                })
                .collect::<Vec<_>>()
        };
        let expected = run(&|group, out| portable::dot(group, &x, 0, out));
        let check = |other: Vec<Vec<Lanes>>| {
            let pairs = other.iter().flatten().flatten().zip(expected.iter().flatten().flatten());
            for (a, b) in pairs {
                assert!((a - b).abs() <= 1e-5 * b.abs().max(1.0), "{a} instead of {b}");
            }
        };
        #[cfg(target_arch = "x86_64")]
        {
            if avx2::available() {
                // SAFETY: the processor has the instructions.
                check(run(&|group, out| unsafe { avx2::dot(group, &x, 0, out) }));
            }
            if vnni::available() {
                // SAFETY: the processor has the instructions.
                check(run(&|group, out| unsafe { vnni::dot(group, &x, 0, out) }));
            }
        }
        #[cfg(target_arch = "aarch64")]
        {
            check(run(&|group, out| neon::dot(group, &x, 0, out)));
            if neon::dot_product::available() {
                // SAFETY: the processor has the instructions.
                check(run(&|group, out| unsafe { neon::dot_product::dot(group, &x, 0, out) }));
            }
        }
        check(run(&|group, out| dot(group, &x, 0, out)));
    }
}

#[test]
fn rows_can_be_looked_up_and_multiplied_alone() {
    let (matrix, weights) = matrix(40, 64);
    assert_eq!(matrix.gather(&[39, 0]).unwrap(), [&weights[39 * 64..], &weights[..64]].concat());
    assert!(matrix.gather(&[40]).is_err());
    let x = noise(64, 4);
    let tensor = Tensor::from_vec(x.clone(), (1, 64), &Device::Cpu).unwrap();
    let whole: Vec<Vec<f32>> = matrix.product(&tensor).unwrap().to_vec2().unwrap();
    let some = [39usize, 3, 5, 38];
    assert_eq!(matrix.product_rows(&x, &some.map(|row| row as u32)).unwrap(), some.map(|row| whole[0][row]));
    assert!(matrix.product_rows(&x, &[40]).is_err());
    assert!(matrix.product_rows(&x[1..], &[0]).is_err());
}

#[test]
fn a_gate_and_what_it_lets_through_are_multiplied() {
    let (gate, up) = (noise(64 * 32, 5), noise(64 * 32, 6));
    let alone = |weights: &[f32]| quantised(weights, 32).0;
    let both = Q8Matrix::build(128, 32, |row, blocks| {
        let (is_gate, row) = Q8Matrix::alternating(row);
        Block::quantise_row(&(if is_gate { &gate } else { &up })[row * 32..][..32], blocks);
    });
    let x = noise(3 * 32, 7);
    let mut outputs = Outputs::default();
    both.unwrap().multiply_gated(&activations(&x, 32), |gate| gate + 1.0, &mut outputs);
    let x = Tensor::from_vec(x, (3, 32), &Device::Cpu).unwrap();
    let expected =
        ((alone(&gate).product(&x).unwrap() + 1.0).unwrap() * alone(&up).product(&x).unwrap()).unwrap();
    let expected: Vec<Vec<f32>> = expected.to_vec2().unwrap();
    for (token, expected) in expected.iter().enumerate() {
        let mut row = vec![0.0; 64];
        outputs.copy_row(token, &mut row);
        assert_eq!(row, *expected);
    }
}

#[test]
fn odd_shapes_are_refused() {
    let zeros = |rows, cols| Tensor::zeros((rows, cols), candle_core::DType::F32, &Device::Cpu).unwrap();
    assert!(Q8Matrix::build(2, 33, |_, _| {}).is_err());
    assert!(Q8Matrix::build(2, 0, |_, _| {}).is_err());
    assert!(matrix(2, 32).0.product(&zeros(1, 64)).is_err());
}

#[test]
fn blocks_are_those_of_gguf() {
    let values = noise(8 * 64, 8);
    let tensor = Tensor::from_slice(&values, (8, 64), &Device::Cpu).unwrap();
    let theirs = QTensor::quantize(&tensor, GgmlDType::Q8_0).unwrap().data().unwrap().into_owned();
    let mut ours = [Block::ZERO; 16];
    Block::quantise_row(&values, &mut ours);
    for (ours, theirs) in ours.iter().zip(theirs.as_chunks::<{ Block::BYTES }>().0) {
        let theirs = Block::read(theirs);
        assert_eq!((ours.scale, ours.values), (theirs.scale, theirs.values));
    }
}

#[test]
fn rounding_is_to_the_nearest_and_silence_stays_silent() {
    let mut block = [0.0; BLOCK];
    (block[0], block[1], block[2], block[3]) = (127.0, -0.6, 0.4, -127.0);
    let mut out = [Block::ZERO];
    Block::quantise_row(&block, &mut out);
    assert_eq!((out[0].scale, &out[0].values[..4]), (f16::ONE, &[127, -1, 0, -127][..]));
    Block::quantise_row(&[0.0; BLOCK], &mut out);
    assert_eq!((out[0].scale, out[0].values), (f16::ZERO, [0; BLOCK]));
}
