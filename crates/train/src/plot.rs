//! Plots for people who would rather look than read.

use std::path::Path;

use anyhow::anyhow;
use plotters::prelude::*;

use crate::figures;

/// Size of a plot in pixels.
const SIZE: (u32, u32) = (560, 520);

/// Draws, for each named series of confidences, the share that was right; the area of a dot grows with
/// the number of answers behind it.
pub fn reliability(path: &Path, series: &[(&str, Vec<(f64, bool)>)]) -> anyhow::Result<()> {
    draw(path, series).map_err(|reason| anyhow!("cannot draw {}: {reason}", path.display()))
}

fn draw(path: &Path, series: &[(&str, Vec<(f64, bool)>)]) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    chart
        .configure_mesh()
        .x_desc("confidence")
        .y_desc("share that was right")
        .light_line_style(TRANSPARENT)
        .draw()?;
    chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], BLACK.mix(0.3)))?;
    for (index, (name, pairs)) in series.iter().enumerate() {
        let color = Palette99::pick(index).to_rgba();
        let bins = figures::reliability(pairs.iter().copied());
        let most = bins.iter().map(|bin| bin.2).max().unwrap_or(1) as f64;
        chart
            .draw_series(LineSeries::new(bins.iter().map(|bin| (bin.0, bin.1)), color.stroke_width(2)))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
        chart.draw_series(bins.iter().map(|(confidence, right, number)| {
            let radius = 2.0 + 8.0 * (*number as f64 / most).sqrt();
            Circle::new((*confidence, *right), radius as i32, color.filled())
        }))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .draw()?;
    area.present()?;
    Ok(())
}
