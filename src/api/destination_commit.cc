#include "api/destination_commit.h"

#include "base/object_id.h"

namespace sluice::api {

using nlohmann::json;

catalog::CatalogResult<void> commit_destinations(const RestContext& context, std::vector<catalog::CatalogWrite> writes,
                                                 const catalog::AuditEntry& audit) {
  std::vector<ObjectId> reserved, switched_off;
  const auto release = [&reserved, &context] {
    for (const ObjectId id : reserved) context.exporter.release_start(id);
  };
  for (const catalog::CatalogWrite& write : writes) {
    if (write.kind != catalog::DocumentKind::destination || write.remove) continue;
    const ObjectId id = *ObjectId::parse(write.id);
    if (write.fields.value("on", json()) != true) {
      switched_off.push_back(id);
      continue;
    }
    const auto known = context.catalog.destination(id);
    if (known && known->value.on) continue;
    if (write.fields.value("start", json("now")) != "now") continue;
    const json name = write.fields.value("name", json());
    const auto place = context.exporter.reserve_start(
        id, name.is_string() ? name.get_ref<const std::string&>() : std::string(), known ? &known->value : nullptr);
    if (!place) {
      release();
      return tl::unexpected(catalog::CatalogError{catalog::CatalogFault::failed, place.error().message, {}});
    }
    reserved.push_back(id);
  }
  auto committed = context.catalog.commit(std::move(writes), audit);
  if (!committed)
    release();
  else
    for (const ObjectId id : switched_off) context.exporter.switched_off(id);
  return committed;
}

}  // namespace sluice::api
