// The form of a webhook destination's settings.
#pragma once

#include "destinations/form.h"

namespace sluice::webhook {

const destinations::Form& webhook_form();

}  // namespace sluice::webhook
