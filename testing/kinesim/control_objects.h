// The part of the control API that is about S3's objects.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "kinesim/buckets.h"
#include "kinesim/request.h"
#include "kinesim/sts.h"

namespace kinesim {

nlohmann::json buckets_json(const Buckets& buckets);
// GET /_kinesim/objects?bucket=&prefix=
Answer list_stored_objects(const Buckets& buckets, const Form& query);
// GET /_kinesim/object?bucket=&key=: its bytes
Answer read_stored_object(const Buckets& buckets, const Form& query);
// POST /_kinesim/objects/write {"bucket": name, "folder": path}
Answer write_stored_objects(const Buckets& buckets, const nlohmann::json& body);

}  // namespace kinesim
