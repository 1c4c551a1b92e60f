// The settings of an S3 destination as people fill them in.
#pragma once

#include "destinations/form.h"

namespace sluice::s3 {

const destinations::Form& s3_form();

}  // namespace sluice::s3
