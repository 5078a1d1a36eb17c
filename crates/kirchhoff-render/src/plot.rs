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
    /// Of each curve: what it is of, where it is one of a family, and whether it is the other one of two.
    families: Vec<Option<(usize, bool)>>,
}

const SIZE: (u32, u32) = (760, 440);
/// Room for the names of curves, at their right ends.
const LEGEND: i32 = 190;
/// The length of the piece of a line before its name.
const SAMPLE: i32 = 16;
/// Between the names of two curves, where there is room.
const PITCH: f64 = 17.0;
/// Room for the title and for what stands below the x axis.
const TOP: i32 = 40;
const BELOW: i32 = 42;
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
        Plot { title: title.into(), x: x.into(), y: y.into(), curves: Vec::new(), families: Vec::new() }
    }

    /// The plot with a further curve.
    pub fn with_curve(mut self, curve: Curve) -> Self {
        self.curves.push(curve);
        self.families.push(None);
        self
    }

    /// The plot with a further curve of a family, such as a semiring, which has one colour in every plot; `other` where there are
    /// two of a kind in it, of which that is dashed.
    pub fn with_curve_of(mut self, family: usize, other: bool, curve: Curve) -> Self {
        self.curves.push(curve);
        self.families.push(Some((family, other)));
        self
    }

    /// The colour of each curve, and its dashes and gaps where it has some.
    fn looks(&self) -> Vec<(RGBColor, Option<[i32; 2]>)> {
        let count = COLOURS.len();
        let taken: Vec<usize> = self.families.iter().flatten().map(|(family, _)| family % count).collect();
        let free: Vec<usize> = (0..count).filter(|colour| !taken.contains(colour)).collect();
        let mut others = 0;
        let look = |family: &Option<(usize, bool)>| match family {
            // Families of the same colour, and the two of one, differ by their dashes.
            Some((family, other)) => {
                let dashes = match ((family / count).is_multiple_of(2), other) {
                    (true, false) => None,
                    (true, true) => Some([6, 4]),
                    (false, false) => Some([2, 3]),
                    (false, true) => Some([9, 3]),
                };
                (COLOURS[family % count], dashes)
            }
            None => {
                let place = others;
                others += 1;
                match free.is_empty() {
                    true => (COLOURS[place % count], Some([6, 4])),
                    false => (COLOURS[free[place % free.len()]], (place >= free.len()).then_some([6, 4])),
                }
            }
        };
        self.families.iter().map(look).collect()
    }

    /// How far from the top the name of each curve stands: beside its right end, or as near to that as the others leave room.
    fn labels(&self, [low, high]: [f64; 2]) -> Vec<f64> {
        let (top, bottom) = (f64::from(TOP), f64::from(SIZE.1 as i32 - MARGIN - BELOW));
        let way = (high - low).max(f64::MIN_POSITIVE);
        let end = |curve: &Curve| {
            let last = curve.points.iter().rev().find(|point| point.iter().all(|value| value.is_finite()));
            last.map_or(bottom, |[_, y]| bottom - (y - low) / way * (bottom - top))
        };
        let wanted: Vec<f64> = self.curves.iter().map(end).collect();
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
        let pitch = PITCH.min((bottom - top) / wanted.len().max(1) as f64);
        // Down from the top each as near as it may, then up from the bottom what went too far.
        let mut found = vec![0.0; wanted.len()];
        let mut least = top;
        for &curve in &order {
            found[curve] = wanted[curve].max(least);
            least = found[curve] + pitch;
        }
        let mut most = bottom;
        for &curve in order.iter().rev() {
            found[curve] = f64::min(found[curve], most);
            most = found[curve] - pitch;
        }
        found
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
            .x_label_area_size(BELOW)
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
        let looks = self.looks();
        for (curve, &(colour, _)) in self.curves.iter().zip(&looks) {
            for run in runs(&curve.points).filter(|_| curve.band.len() == curve.points.len()) {
                let low = run.clone().map(|at| (curve.points[at][0], curve.band[at][0]));
                let high = run.rev().map(|at| (curve.points[at][0], curve.band[at][1]));
                let outline: Vec<_> = low.chain(high).filter(|(_, y)| y.is_finite()).collect();
                chart.draw_series([Polygon::new(outline, colour.mix(0.15))])?;
            }
        }
        let last = |curve: &Curve| {
            let end = curve.points.iter().rev().find(|point| point.iter().all(|value| value.is_finite()));
            end.map(|&[x, y]| chart.backend_coord(&(x, y)))
        };
        let ends: Vec<Option<(i32, i32)>> = self.curves.iter().map(last).collect();
        for ((curve, (colour, dashes)), (end, label)) in
            self.curves.iter().zip(looks).zip(ends.into_iter().zip(self.labels(y)))
        {
            let style = colour.stroke_width(2);
            for run in runs(&curve.points) {
                let points = run.map(|at| (curve.points[at][0], curve.points[at][1]));
                match dashes {
                    Some([dash, gap]) => chart.draw_series(DashedLineSeries::new(points, dash, gap, style))?,
                    None => chart.draw_series(LineSeries::new(points, style))?,
                };
            }
            let (left, top) = (SIZE.0 as i32 - LEGEND + 26, label.round() as i32);
            if let Some(end) = end {
                // From the end of the curve to its name.
                let leader = vec![end, (SIZE.0 as i32 - LEGEND + 4, end.1), (left - 4, top)];
                area.draw(&PathElement::new(leader, colour.mix(0.6)))?;
            }
            // A piece of the line, by its dashes.
            let [dash, gap] = dashes.unwrap_or([SAMPLE, 0]);
            for from in (left..left + SAMPLE).step_by((dash + gap) as usize) {
                let piece = vec![(from, top), ((from + dash).min(left + SAMPLE), top)];
                area.draw(&PathElement::new(piece, style))?;
            }
            let left = left + SAMPLE + 5;
            let label = TextStyle::from((FONT, 13).into_font()).color(&colour).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(curve.name.clone(), (left, top), label))?;
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
    fn a_family_has_one_colour_in_every_plot() {
        let curve =
            |name: &str| Curve { name: name.to_string(), points: vec![[0.0, 0.0], [1.0, 1.0]], band: Vec::new() };
        let few = Plot::new("", "", "").with_curve_of(3, false, curve("a"));
        let many = Plot::new("", "", "").with_curve(curve("random")).with_curve_of(0, false, curve("b"));
        let many = many.with_curve_of(3, true, curve("a, other")).with_curve_of(3, false, curve("a"));
        assert_eq!(few.looks()[0], many.looks()[3]);
        assert_eq!(few.looks()[0].0, many.looks()[2].0);
        assert!(many.looks()[2].1.is_some(), "the other one is dashed");
        let colours: Vec<RGBColor> = many.looks().iter().map(|look| look.0).collect();
        assert!(colours[0] != colours[1] && colours[0] != colours[3]);
        // Two families of one colour are told apart.
        let both = Plot::new("", "", "").with_curve_of(1, false, curve("a")).with_curve_of(9, false, curve("b"));
        assert_ne!(both.looks()[0], both.looks()[1]);
    }

    #[test]
    fn names_stand_beside_their_curves_and_not_over_one_another() {
        let curve = |end: f64| Curve { name: format!("{end}"), points: vec![[0.0, 0.5], [1.0, end]], band: Vec::new() };
        let ends = [0.9, 0.1, 0.101, 0.102, 0.0, f64::NAN];
        let plot = ends.into_iter().fold(Plot::new("", "", ""), |plot, end| plot.with_curve(curve(end)));
        let labels = plot.labels([0.0, 1.0]);
        let mut sorted = labels.clone();
        sorted.sort_by(f64::total_cmp);
        assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] >= PITCH - 1e-9), "{labels:?}");
        assert!(sorted[0] >= f64::from(TOP) && sorted[5] <= f64::from(SIZE.1), "{labels:?}");
        assert!(labels[0] < labels[3] && labels[3] < labels[2] && labels[2] < labels[1], "{labels:?}");
        let hundred = (0..100).fold(Plot::new("", "", ""), |plot, end| plot.with_curve(curve(f64::from(end))));
        let labels = hundred.labels([0.0, 100.0]);
        assert!(labels.iter().all(|&label| label >= f64::from(TOP) - 1e-9 && label <= f64::from(SIZE.1)), "{labels:?}");
        assert!(hundred.svg().is_ok());
    }

    #[test]
    fn plots_of_nothing_and_of_one_point_are_drawn() {
        let one = Curve { name: String::new(), points: vec![[1.0, 1.0]], band: Vec::new() };
        for plot in [Plot::new("", "", ""), Plot::new("", "", "").with_curve(one)] {
            assert!(plot.svg().unwrap().ends_with("</svg>\n"));
        }
    }
}
