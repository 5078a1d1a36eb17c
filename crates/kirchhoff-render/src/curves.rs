//! The points of a plot, for the program of reports.

use serde::Serialize;

use crate::Curve;

/// What the program of a report knows of a plot's picture.
#[derive(Serialize)]
pub(crate) struct PlotData<'a> {
    /// Where the x axis begins and ends, in units of the picture.
    pub left: i32,
    pub right: i32,
    /// What stands there.
    pub from: f64,
    pub to: f64,
    /// What the axis is called.
    pub x: &'a str,
    pub curves: Vec<CurveData<'a>>,
}

/// A curve: its name, and its points, of which those without a finite y are `null` in JSON.
#[derive(Serialize)]
pub(crate) struct CurveData<'a> {
    name: &'a str,
    points: Vec<[f64; 2]>,
}

impl<'a> CurveData<'a> {
    pub fn of(curve: &'a Curve) -> Self {
        let points = curve.points.iter().copied().filter(|[x, _]| x.is_finite()).collect();
        CurveData { name: &curve.name, points }
    }
}

impl PlotData<'_> {
    /// The data as JSON that may stand in a script: no text in it ends one.
    pub fn json(&self) -> String {
        // Numbers, texts and lists of them can be written.
        serde_json::to_string(self).unwrap_or_default().replace('<', "\\u003c")
    }
}
