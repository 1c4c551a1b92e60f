// The form of a Kinesis destination's settings.
#pragma once

#include "destinations/form.h"

namespace sluice::kinesis {

const destinations::Form& kinesis_form();

}  // namespace sluice::kinesis
