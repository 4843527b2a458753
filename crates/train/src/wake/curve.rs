//! How often a wake word is missed, and how often it is heard where it was not said.

use std::path::Path;

use anyhow::anyhow;
use carvoice_core::audio::SAMPLE_RATE;
use carvoice_listen::wake::{Classifier, Features, HOP, REST};
use plotters::prelude::*;

use super::sounds::{Clip, Lesson, Mixer};

/// Thresholds at which the curve is drawn.
const THRESHOLDS: [f32; 15] =
    [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995];

/// What happened at one level of noise.
pub struct Curve {
    pub level: Option<f32>,
    /// Best pair of neighbouring steps in every recording of the word.
    words: Vec<f32>,
    /// Worse of each step and its neighbour in every other recording.
    others: Vec<Vec<f32>>,
}

impl Curve {
    fn missed(&self, threshold: f32) -> f64 {
        let missed = self.words.iter().filter(|score| **score < threshold).count();
        missed as f64 / self.words.len().max(1) as f64
    }

    fn false_wakes(&self, threshold: f32) -> usize {
        let in_one = |scores: &Vec<f32>| {
            let (mut at, mut count) = (0, 0);
            while at < scores.len() {
                let is_above = scores.get(at).is_some_and(|score| *score >= threshold);
                count += usize::from(is_above);
                at += if is_above { REST as usize / HOP } else { 1 };
            }
            count
        };
        self.others.iter().map(in_one).sum()
    }

    fn hours(&self) -> f64 {
        let steps: usize = self.others.iter().map(Vec::len).sum();
        (steps * HOP) as f64 / f64::from(SAMPLE_RATE) / 3600.0
    }
}

pub fn measure(
    features: &mut Features,
    classifier: &Classifier,
    mixer: &mut Mixer<'_>,
    clips: &[&Clip],
    levels: &[Option<f32>],
) -> anyhow::Result<Vec<Curve>> {
    let mut curves = Vec::new();
    for &level in levels {
        let bar = super::bar(clips.len(), "measuring");
        let (mut words, mut others) = (Vec::new(), Vec::new());
        for clip in clips {
            bar.inc(1);
            let pairs = pairs(features, classifier, &mixer.heard(clip, level))?;
            match clip.word_end {
                Some(_) => words.push(pairs.iter().copied().fold(0.0, f32::max)),
                None => others.push(pairs),
            }
        }
        bar.finish_and_clear();
        curves.push(Curve { level, words, others });
    }
    Ok(curves)
}

/// For every step the lesser of its score and that of the step before: both must be above a threshold.
fn pairs(features: &mut Features, classifier: &Classifier, sound: &Lesson) -> anyhow::Result<Vec<f32>> {
    features.reset();
    let (mut before, mut pairs) = (0.0_f32, Vec::new());
    features.push(&sound.samples, &mut |inputs| {
        let score = classifier.score(inputs);
        pairs.push(score.min(before));
        before = score;
    })?;
    Ok(pairs)
}

fn name(level: Option<f32>) -> String {
    level.map_or("no noise".to_owned(), |level| format!("{level} dB"))
}

pub fn print(curves: &[Curve], threshold: f32) {
    println!("held-out recordings at a threshold of {threshold}:");
    for curve in curves {
        println!(
            "  {:9} missed {:4.1} % of {}, false wakes {} in {:.2} h of other speech",
            name(curve.level),
            100.0 * curve.missed(threshold),
            curve.words.len(),
            curve.false_wakes(threshold),
            curve.hours(),
        );
    }
    println!(
        "threshold  {}",
        curves.iter().map(|curve| format!("{:>18}", name(curve.level))).collect::<String>()
    );
    for threshold in THRESHOLDS {
        let cells = curves.iter().map(|curve| {
            format!(
                "{:9.1} % {:5.1}/h",
                100.0 * curve.missed(threshold),
                curve.false_wakes(threshold) as f64 / curve.hours()
            )
        });
        println!("{threshold:9}  {}", cells.map(|cell| format!("{cell:>18}")).collect::<String>());
    }
}

pub fn draw(path: &Path, curves: &[Curve]) -> anyhow::Result<()> {
    try_draw(path, curves).map_err(|reason| anyhow!("cannot draw {}: {reason}", path.display()))
}

fn try_draw(path: &Path, curves: &[Curve]) -> Result<(), Box<dyn std::error::Error>> {
    let points = |curve: &Curve| -> Vec<(f64, f64)> {
        let rate = |threshold: f32| curve.false_wakes(threshold) as f64 / curve.hours();
        THRESHOLDS.iter().map(|threshold| (rate(*threshold), 100.0 * curve.missed(*threshold))).collect()
    };
    let drawn: Vec<Vec<(f64, f64)>> = curves.iter().map(points).collect();
    let most = |pick: fn(&(f64, f64)) -> f64| drawn.iter().flatten().map(pick).fold(1.0, f64::max) * 1.05;
    let area = SVGBackend::new(path, (560, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..most(|point| point.0), 0.0..most(|point| point.1))?;
    chart
        .configure_mesh()
        .x_desc("false wakes in an hour of other speech")
        .y_desc("missed, %")
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (index, (curve, points)) in curves.iter().zip(&drawn).enumerate() {
        let color = Palette99::pick(index).to_rgba();
        chart
            .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)).point_size(3))?
            .label(name(curve.level))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .draw()?;
    area.present()?;
    Ok(())
}
