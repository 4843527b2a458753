//! Fits a classifier to examples.

use anyhow::Context as _;
use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer as _, ParamsAdamW};
use carvoice_core::audio::SAMPLE_RATE;
use carvoice_listen::wake::{Classifier, Features, HOP, INPUTS};

use super::sounds::Lesson;

/// Hidden units.
const UNITS: usize = 32;
const EPOCHS: usize = 12;
const BATCH: usize = 512;
const RATE: f64 = 1e-3;
const DECAY: f64 = 0.02;
/// Share of the hidden units that is left out at random while learning.
const DROPPED: f32 = 0.3;

/// Steps that end up to so long behind the word are examples of it.
const AFTER: usize = SAMPLE_RATE as usize * 3 / 10;
/// Steps that end less than so long before its end are examples of nothing: they hold most of it.
const BEFORE: usize = SAMPLE_RATE as usize * 4 / 10;

/// Inputs of a classifier with whether the word has just ended.
#[derive(Default)]
pub struct Examples {
    inputs: Vec<f32>,
    is_word: Vec<f32>,
}

impl Examples {
    pub fn add(&mut self, features: &mut Features, lesson: &Lesson) -> anyhow::Result<()> {
        features.reset();
        let mut end = 0;
        features.push(&lesson.samples, &mut |inputs| {
            end += HOP;
            let is_word = match lesson.word_end {
                None => false,
                Some(word) if (word..=word + AFTER).contains(&end) => true,
                Some(word) if end + BEFORE < word => false,
                Some(_) => return,
            };
            self.inputs.extend_from_slice(inputs);
            self.is_word.push(f32::from(u8::from(is_word)));
        })?;
        Ok(())
    }

    fn mean_and_spread(&self) -> (Vec<f32>, Vec<f32>) {
        let count = self.is_word.len() as f32;
        let (mut mean, mut square) = (vec![0.0_f32; INPUTS], vec![0.0_f32; INPUTS]);
        for row in self.inputs.chunks_exact(INPUTS) {
            for ((mean, square), value) in mean.iter_mut().zip(&mut square).zip(row) {
                *mean += value / count;
                *square += value * value / count;
            }
        }
        let spread = mean.iter().zip(&square).map(|(mean, square)| (square - mean * mean).max(1e-6).sqrt());
        let spread = spread.collect();
        (mean, spread)
    }
}

/// The classifier that fits best.
pub fn fit(examples: &Examples, word: &str, threshold: f32, seed: u64) -> anyhow::Result<Classifier> {
    let device = Device::Cpu;
    let mut chance = fastrand::Rng::with_seed(seed);
    let (mean, spread) = examples.mean_and_spread();
    let normal = |count: usize, scale: f32, chance: &mut fastrand::Rng| -> Vec<f32> {
        (0..count).map(|_| scale * (chance.f32() + chance.f32() + chance.f32() - 1.5) * 2.0).collect()
    };
    let hidden = normal(UNITS * INPUTS, (1.0 / INPUTS as f32).sqrt(), &mut chance);
    let hidden = Var::from_vec(hidden, (UNITS, INPUTS), &device)?;
    let hidden_bias = Var::zeros(UNITS, DType::F32, &device)?;
    let output = Var::from_vec(normal(UNITS, (1.0 / UNITS as f32).sqrt(), &mut chance), (UNITS, 1), &device)?;
    let output_bias = Var::zeros(1, DType::F32, &device)?;
    let vars = vec![hidden.clone(), hidden_bias.clone(), output.clone(), output_bias.clone()];
    let settings = ParamsAdamW { lr: RATE, weight_decay: DECAY, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(vars, settings)?;

    let mut order: Vec<usize> = (0..examples.is_word.len()).collect();
    let bar = super::bar(EPOCHS * order.len() / BATCH, "learning");
    for epoch in 0..EPOCHS {
        optimizer.set_learning_rate(RATE * (1.0 - epoch as f64 / EPOCHS as f64));
        chance.shuffle(&mut order);
        for batch in order.chunks_exact(BATCH) {
            bar.inc(1);
            let mut inputs = Vec::with_capacity(BATCH * INPUTS);
            for &row in batch {
                let row = examples.inputs.get(row * INPUTS..(row + 1) * INPUTS).unwrap_or_default();
                inputs.extend(
                    row.iter().zip(&mean).zip(&spread).map(|((value, mean), spread)| (value - mean) / spread),
                );
            }
            let wanted: Vec<f32> =
                batch.iter().filter_map(|&row| examples.is_word.get(row).copied()).collect();
            let kept: Vec<f32> = (0..BATCH * UNITS)
                .map(|_| if chance.f32() < DROPPED { 0.0 } else { 1.0 / (1.0 - DROPPED) })
                .collect();
            let inputs = Tensor::from_vec(inputs, (BATCH, INPUTS), &device)?;
            let kept = Tensor::from_vec(kept, (BATCH, UNITS), &device)?;
            let wanted = Tensor::from_vec(wanted, BATCH, &device)?;
            let units = inputs.matmul(&hidden.t()?)?.broadcast_add(&hidden_bias)?.relu()?.mul(&kept)?;
            let logits = units.matmul(&output)?.broadcast_add(&output_bias)?.squeeze(D::Minus1)?;
            // Cross entropy in a form that cannot overflow.
            let loss = logits.relu()?.sub(&logits.mul(&wanted)?)?;
            let loss = loss.add(&(logits.abs()?.neg()?.exp()? + 1.0)?.log()?)?.mean_all()?;
            optimizer.backward_step(&loss)?;
        }
    }
    bar.finish_and_clear();

    // The scaling of the inputs goes into the first layer.
    let mut hidden: Vec<f32> = hidden.flatten_all()?.to_vec1()?;
    let mut hidden_bias: Vec<f32> = hidden_bias.to_vec1()?;
    for (weights, bias) in hidden.chunks_exact_mut(INPUTS).zip(&mut hidden_bias) {
        for ((weight, mean), spread) in weights.iter_mut().zip(&mean).zip(&spread) {
            *weight /= spread;
            *bias -= *weight * mean;
        }
    }
    let output_bias = output_bias.to_vec1::<f32>()?.first().copied().unwrap_or_default();
    let output = output.flatten_all()?.to_vec1()?;
    Classifier::new(word, threshold, hidden, hidden_bias, output, output_bias).context("training diverged")
}
