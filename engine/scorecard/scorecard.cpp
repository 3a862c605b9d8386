// The scorecard is plain data; this file only makes sure that its header stands on its own.
#include "engine/scorecard/scorecard.hpp"
