#pragma once
// Where marks stand: one symmetric axis for a whole table, so that noise does not look big.

#include <vector>

namespace liftmark::reports {

/// The right end of a symmetric axis about 0 for bounds with these distances from 0: a round number that
/// holds all of a few (up to 12), of more at least four fifths; what lies beyond is drawn with an arrow and
/// its number. At least 0.01 (one per cent); 0.1 without any bound.
double axis_for(std::vector<double> reaches);

/// Distance between grid lines on an axis that ends at `end`: half of it, so two on each side.
double grid_step(double end);

}  // namespace liftmark::reports
