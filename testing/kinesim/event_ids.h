// Finds the ids of events in the data of records, without parsing them as JSON: on every line, the first value of the
// field that is 24 hex digits. KPL-aggregated records are taken apart first
// (https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/object_id.h"

namespace kinesim {

// `needle` is the field's name and what follows it: "\"id\":\"".
void find_event_ids(std::string_view data, std::string_view needle, std::vector<sluice::ObjectId>& out);

// Calls visit for the data of each user record inside; for `data` itself when it is not an aggregate.
void for_each_user_record(std::string_view data, const std::function<void(std::string_view)>& visit);
bool is_aggregate(std::string_view data);

}  // namespace kinesim
