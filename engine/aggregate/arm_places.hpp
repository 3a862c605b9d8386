#pragma once
// Where recorded arms stand among a population's. Internal to the reading of populations.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/aggregate/population.hpp"

namespace liftmark {

/// By ExposureColumns::arms.
struct ArmPlaces {
  std::vector<std::uint16_t> arm, cell;
};

/// Fills in arms and epochs, and tells where each recorded arm stands.
ArmPlaces arm_places(const assign::Experiment& experiment, const ExposureColumns& rows,
                     Population& population);

/// Names of the dimensions that are attributes, in their order.
std::vector<std::string> attributes_of(const Population& population);

}  // namespace liftmark
