#include "kinesim/control_objects.h"

#include <nlohmann/json.hpp>

#include "kinesim/digest.h"

namespace kinesim {
namespace {

using Json = nlohmann::json;

Answer answer_of(const Json& json, unsigned status = 200) {
  Answer answer;
  answer.status = status;
  answer.content_type = "application/json";
  answer.body = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  return answer;
}

Answer not_there(const std::string& what) { return answer_of({{"message", "there is no " + what}}, 404); }

std::string value_of(const Form& query, std::string_view name) {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

}  // namespace

Json buckets_json(const Buckets& buckets) {
  Json out = Json::array();
  for (const auto& bucket : buckets.all()) {
    const BucketSettings settings = bucket->settings();
    std::uint64_t objects = 0, bytes = 0;
    for (const auto& [key, object] : bucket->list("", "", SIZE_MAX)) {
      ++objects;
      bytes += object->bytes.size();
    }
    out.push_back({{"name", settings.name},
                   {"region", settings.region},
                   {"owner", settings.owner},
                   {"versioned", settings.versioned},
                   {"object_lock", settings.object_lock},
                   {"objects", objects},
                   {"bytes", bytes}});
  }
  return out;
}

Answer list_stored_objects(const Buckets& buckets, const Form& query) {
  const auto bucket = buckets.find(value_of(query, "bucket"));
  if (!bucket) return not_there("bucket '" + value_of(query, "bucket") + "'");
  Json objects = Json::array();
  for (const auto& [key, object] : bucket->list(value_of(query, "prefix"), "", SIZE_MAX))
    objects.push_back({{"key", key},
                       {"size", object->bytes.size()},
                       {"sha256", hex(sha256(object->bytes))},
                       {"storage_class", object->storage_class},
                       {"kms_key_id", object->kms_key_id},
                       {"content_type", object->content_type},
                       {"metadata", object->metadata},
                       {"stored_ms", object->stored_ms},
                       {"puts", object->puts}});
  return answer_of({{"objects", std::move(objects)}});
}

Answer read_stored_object(const Buckets& buckets, const Form& query) {
  const auto bucket = buckets.find(value_of(query, "bucket"));
  const auto object = bucket ? bucket->find(value_of(query, "key")) : nullptr;
  if (!object)
    return not_there("object '" + value_of(query, "key") + "' in bucket '" + value_of(query, "bucket") + "'");
  Answer answer;
  answer.content_type = "application/octet-stream";
  answer.body = object->bytes;
  return answer;
}

Answer write_stored_objects(const Buckets& buckets, const Json& body) {
  if (!body.is_object() || !body.contains("bucket") || !body["bucket"].is_string() || !body.contains("folder") ||
      !body["folder"].is_string())
    return answer_of({{"message", "expected {\"bucket\": name, \"folder\": path}"}}, 400);
  const auto bucket = buckets.find(body["bucket"].get<std::string>());
  if (!bucket) return not_there("bucket '" + body["bucket"].get<std::string>() + "'");
  const auto written = bucket->write_to(body["folder"].get<std::string>());
  if (!written) return answer_of({{"message", written.error().message}}, 400);
  return answer_of({{"written", *written}});
}

}  // namespace kinesim
