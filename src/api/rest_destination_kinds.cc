// The kinds of destinations, for people and programs that draw a form of them.
#include "api/rest_resources.h"
#include "catalog/field_names.h"

namespace sluice::api {

RestOutcome list_destination_kinds(const RestContext& context, const RestCall&) {
  RestJson items = RestJson::array();
  for (const auto& kind : context.kinds.all()) {
    const destinations::KindText text = kind->text();
    const catalog::CommonSettings& common = kind->common();
    std::vector<std::string> secret;
    for (const std::string& field : kind->secret_fields()) secret.push_back(catalog::camel_case(field));
    items.push_back({{"kind", kind->name()},
                     {"title", text.title},
                     {"summary", text.summary},
                     {"keywords", text.keywords},
                     {"icon", text.icon},
                     {"docs", text.docs},
                     {"supports",
                      {{"eventKinds", common.event_kinds},
                       {"filters", common.filters},
                       {"sampling", common.sampling},
                       {"privacy", common.privacy},
                       {"addedFields", common.added_fields},
                       {"replay", common.replay},
                       {"cost", kind->cost() != nullptr}}},
                     {"unsupportedReason", common.reason},
                     {"form", destinations::form_json(kind->form(), secret)}});
  }
  return RestAnswer{200, {{"_links", {{"self", rest_link("/api/v2/destination-kinds")}}}, {"items", std::move(items)}}};
}

}  // namespace sluice::api
