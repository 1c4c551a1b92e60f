// GET /flags: what is known of the flags of every environment.
#pragma once

#include <string>

#include "api/server_view.h"

namespace sluice::api {

std::string flag_list_json(const ServerView& view);

}  // namespace sluice::api
