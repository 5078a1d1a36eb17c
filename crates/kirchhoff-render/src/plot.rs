//! Curves as SVG.

use kirchhoff_file::SVG_MARK;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Error;
use crate::curves::{CurveData, PlotData};

/// One curve of a [`Plot`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// What the legend calls it.
    pub name: String,
    /// Points `[x, y]`, from left to right. A point that is not finite leaves a gap.
    pub points: Vec<[f64; 2]>,
    /// Lower and upper end of the band around each point, where there is one: as many as points, or none.
    pub band: Vec<[f64; 2]>,
}

/// Curves over common axes.
///
/// ```
/// use kirchhoff_render::{Curve, Plot};
///
/// let curve = Curve { name: "ℓ1".to_string(), points: vec![[0.0, 0.9], [1.0, 0.1]], band: Vec::new() };
/// let plot = Plot::new("Accuracy", "share pruned", "accuracy").with_curve(curve);
/// assert!(plot.svg()?.starts_with("<svg"));
/// # Ok::<(), kirchhoff_render::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    title: String,
    x: String,
    y: String,
    curves: Vec<Curve>,
}

const SIZE: (u32, u32) = (760, 440);
/// Room for the legend, on the right.
const LEGEND: i32 = 190;
/// Room around everything.
const MARGIN: i32 = 12;
/// Room for the numbers of the y axis, on the left.
const LABELS: i32 = 62;
const FONT: &str = "sans-serif";

/// Colours that the colour-blind tell apart, too (Okabe & Ito, "Color universal design", 2008), and their order again
/// in dashes for further curves.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(140, 120, 40),
];

impl Plot {
    /// A plot without curves, with its title and the names of its axes.
    pub fn new(title: impl Into<String>, x: impl Into<String>, y: impl Into<String>) -> Self {
        Plot { title: title.into(), x: x.into(), y: y.into(), curves: Vec::new() }
    }

    /// The plot with a further curve.
    pub fn with_curve(mut self, curve: Curve) -> Self {
        self.curves.push(curve);
        self
    }

    /// Draws the plot as an SVG picture, 760 × 440.
    ///
    /// # Errors
    /// A picture that cannot be drawn.
    pub fn svg(&self) -> Result<String, Error> {
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
            self.draw(&area).map_err(|error| Error::Plot(error.to_string()))?;
        }
        Ok(text.replacen("<svg ", SVG_MARK, 1))
    }

    /// The points of the curves, and where the picture has them.
    pub(crate) fn data(&self) -> PlotData<'_> {
        let [from, to] = self.range(0);
        let curves = self.curves.iter().map(CurveData::of).collect();
        PlotData { left: MARGIN + LABELS, right: SIZE.0 as i32 - LEGEND, from, to, x: &self.x, curves }
    }

    fn draw(
        &self,
        area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        area.fill(&WHITE)?;
        let (x, y) = (self.range(0), self.range(1));
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, (FONT, 18))
            .margin(MARGIN)
            .margin_right(LEGEND)
            .x_label_area_size(42)
            .y_label_area_size(LABELS)
            .build_cartesian_2d(x[0]..x[1], y[0]..y[1])?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.12))
            .label_style((FONT, 13))
            .axis_desc_style((FONT, 14))
            .x_desc(&self.x)
            .y_desc(&self.y)
            .draw()?;
        for (number, curve) in self.curves.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            for run in runs(&curve.points).filter(|_| curve.band.len() == curve.points.len()) {
                let low = run.clone().map(|at| (curve.points[at][0], curve.band[at][0]));
                let high = run.rev().map(|at| (curve.points[at][0], curve.band[at][1]));
                let outline: Vec<_> = low.chain(high).filter(|(_, y)| y.is_finite()).collect();
                chart.draw_series([Polygon::new(outline, colour.mix(0.15))])?;
            }
        }
        for (number, curve) in self.curves.iter().enumerate() {
            let style = COLOURS[number % COLOURS.len()].stroke_width(2);
            let dashed = number >= COLOURS.len();
            for run in runs(&curve.points) {
                let points = run.map(|at| (curve.points[at][0], curve.points[at][1]));
                match dashed {
                    true => chart.draw_series(DashedLineSeries::new(points, 6, 4, style))?,
                    false => chart.draw_series(LineSeries::new(points, style))?,
                };
            }
            let (left, top) = (SIZE.0 as i32 - LEGEND + 10, 46 + 22 * number as i32);
            // As in the plot: a dash, a gap, a dash.
            let gap = if dashed { 4 } else { 0 };
            for (from, to) in [(left, left + 12 - gap), (left + 12, left + 24 - gap)] {
                area.draw(&PathElement::new(vec![(from, top), (to, top)], style))?;
            }
            let label = TextStyle::from((FONT, 13).into_font()).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(curve.name.clone(), (left + 31, top), label))?;
        }
        area.present()?;
        Ok(())
    }

    /// The ends of an axis: those of all finite points and bands, with some room above and below.
    fn range(&self, axis: usize) -> [f64; 2] {
        let points = self.curves.iter().flat_map(|curve| curve.points.iter().map(|point| point[axis]));
        let bands = self.curves.iter().filter(|_| axis == 1).flat_map(|curve| curve.band.iter().flatten().copied());
        let (low, high) = points
            .chain(bands)
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        match (low < high, low == high) {
            (true, _) if axis == 0 => [low, high],
            (true, _) => [low - 0.03 * (high - low), high + 0.03 * (high - low)],
            (_, true) => [low - 0.5, high + 0.5],
            _ => [0.0, 1.0],
        }
    }
}

/// Ranges of points that are finite.
fn runs(points: &[[f64; 2]]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let finite = |at: &usize| points[*at].iter().all(|value| value.is_finite());
    let mut next = 0;
    std::iter::from_fn(move || {
        let first = (next..points.len()).find(finite)?;
        let end = (first..points.len()).find(|at| !finite(at)).unwrap_or(points.len());
        next = end;
        Some(first..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_have_lines_bands_and_names() {
        let points = vec![[0.0, 1.0], [1.0, 2.0], [2.0, f64::NAN], [3.0, 1.5], [4.0, 1.0]];
        let band = points.iter().map(|[_, y]| [y - 0.1, y + 0.1]).collect();
        let curve = Curve { name: "a < b".to_string(), points, band };
        let svg = Plot::new("Title & more", "x", "y").with_curve(curve.clone()).svg().unwrap();
        assert_eq!(svg.matches("<polygon").count(), 2, "a gap divides the band");
        assert!(svg.contains("a &lt; b") && svg.contains("Title &amp; more"));
        assert_eq!(svg, Plot::new("Title & more", "x", "y").with_curve(curve).svg().unwrap());
    }

    #[test]
    fn plots_of_nothing_and_of_one_point_are_drawn() {
        let one = Curve { name: String::new(), points: vec![[1.0, 1.0]], band: Vec::new() };
        for plot in [Plot::new("", "", ""), Plot::new("", "", "").with_curve(one)] {
            assert!(plot.svg().unwrap().ends_with("</svg>\n"));
        }
    }
}
