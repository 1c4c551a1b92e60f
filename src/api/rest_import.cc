// The catalog is imported from the lists of a configuration file: all of it or nothing. What exists keeps every member
// that the file does not name.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <map>
#include <set>

#include "api/audit.h"
#include "api/destination_commit.h"
#include "api/rest_resources.h"
#include "api/secret_mask.h"
#include "base/text.h"
#include "catalog/declared.h"

namespace sluice::api {
namespace {

using catalog::CatalogFault;
using catalog::DocumentKind;
using nlohmann::json;

constexpr std::array<std::string_view, 4> kLists = {"project", "environment", "flag", "destination"};
// One that is imported under the id of one that was deleted just now begins anew: not before that one's files are gone.
constexpr std::int64_t kMaxDeletionWaitMs = 10'000;
constexpr std::size_t kShownFaults = 50;

std::string text_of(const json& item, const char* name) {
  const json value = item.value(name, json());
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string as_is(std::string_view field) { return std::string(field); }

// Turns the lists into writes, and notes every fault with the object that it is about. Absent ids are those that the
// file would have, so that a destination keeps its place when its catalog moves from a file into the server.
class Importer {
 public:
  explicit Importer(const RestContext& context) : context_(context), catalog_(context.catalog) {}

  void read(const json& body) {
    for (const std::string_view list : kLists) {
      const json items = body.value(std::string(list), json::array());
      if (!items.is_array()) {
        fault(fmt::format("{}: This is {}; expected a list. Example in a file: [[{}]]", list, items.type_name(), list));
        continue;
      }
      for (std::size_t i = 0; i < items.size(); ++i) {
        object_ = fmt::format("{}[{}]", list, i);
        if (items[i].is_object())
          add(list, items[i]);
        else
          fault(fmt::format("{}: This is {}; expected an object.", object_, items[i].type_name()));
      }
    }
    if (!writes_.empty()) check();
  }

  // Nothing is committed then.
  RestResult<void> faults() const {
    if (faults_.empty()) return {};
    std::string message = fmt::format(
        "{}",
        fmt::join(faults_.begin(), faults_.begin() + static_cast<int>(std::min(faults_.size(), kShownFaults)), "\n"));
    if (faults_.size() > kShownFaults) message += fmt::format("\nand {} more.", faults_.size() - kShownFaults);
    if (faults_.size() > 1 || !only_) return invalid(std::move(message));
    return refused(catalog::CatalogError{*only_, std::move(message), {}});
  }

  RestResult<void> commit(const Caller& caller) {
    if (writes_.empty()) return {};
    const auto made =
        commit_destinations(context_, std::move(writes_),
                            audit_entry(context_.clock.wall_ms(), caller, "importCatalog", "proj/*",
                                        fmt::format("imported a catalog: {} created, {} changed", created, changed)));
    if (!made) return refused(made.error());
    return {};
  }

  std::size_t created = 0, changed = 0, unchanged = 0;

 private:
  void fault(std::string line) { faults_.push_back(std::move(line)); }
  // Of the object that is read.
  void refuse(std::string_view message) {
    fault(fmt::format("{}: {}", object_, message));
    refused_.insert(object_);
  }

  void add(std::string_view list, const json& item) {
    if (list == "project") return project(item);
    if (list == "environment") return environment(item);
    if (list == "flag") return flag(item);
    return destination(item);
  }

  void call(std::string_view list, std::initializer_list<std::string> keys) {
    object_ = fmt::format("{} \"{}\"", list, shown_words(fmt::format("{}", fmt::join(keys, "/")), 600));
  }

  // The id that an object gets or has; empty: a fault was noted.
  std::string id_of(const json& item, const std::optional<std::string>& known, std::string_view kind,
                    const std::string& keys) {
    const auto given = item.find("id");
    if (given == item.end()) return known.value_or(catalog::derived_id(kind, keys).hex());
    const auto parsed = given->is_string() ? ObjectId::parse(given->get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) {
      refuse(fmt::format("id: {} is not an id; expected 24 hex digits. Example: \"5744c96707c9900708000004\"",
                         shown_words(given->dump(), 100)));
      return {};
    }
    if (known && parsed->hex() != *known) {
      refuse(fmt::format("id: It has the id {}, which cannot be changed. Remove the id, or give that one.", *known));
      return {};
    }
    return parsed->hex();
  }

  template <typename Known>
  void put(DocumentKind kind, const std::string& id, json fields, const std::optional<Known>& known) {
    if (!named_.emplace(kind, id).second) return refuse("It is named twice in this import. Remove one of the two.");
    if (known) {
      json all = known->fields;
      all.merge_patch(fields);
      fields = std::move(all);
    }
    if (kind == DocumentKind::destination) {
      const SecretMask mask(context_.kinds, fields.value("kind", json()));
      if (auto good = mask.reveal(fields, known ? known->fields : json::object(), "", as_is); !good)
        return refuse(good.error().message);
    }
    if (known && known->fields == fields) {
      ++unchanged;
      return;
    }
    ++(known ? changed : created);
    objects_.push_back(object_);
    writes_.push_back(
        {kind, id, std::move(fields), known ? known->extra : json::object(), known ? known->revision : 0, false});
  }

  template <typename Known>
  static std::optional<std::string> id_in(const std::optional<Known>& known) {
    return known ? std::optional(known->value.id.hex()) : std::nullopt;
  }

  void project(json item) {
    const std::string key = text_of(item, "key");
    if (!key.empty()) call("project", {key});
    const auto known = catalog_.project(key);
    const std::string id = id_of(item, id_in(known), "project", key);
    if (id.empty()) return;
    item.erase("id");
    put(DocumentKind::project, id, std::move(item), known);
  }

  void environment(json item) {
    const std::string project = text_of(item, "project"), key = text_of(item, "key"), path = project + "/" + key;
    if (!key.empty()) call("environment", {project, key});
    const auto known = catalog_.environment(project, key);
    const std::string id = id_of(item, id_in(known), "environment", path);
    environments_[path] = id;
    if (id.empty()) return;
    item.erase("id");
    put(DocumentKind::environment, id, std::move(item), known);
  }

  void flag(json item) {
    const std::string project = text_of(item, "project"), environment = text_of(item, "environment");
    const std::string key = text_of(item, "key");
    if (!key.empty()) call("flag", {project, environment, key});
    if (key.empty()) return refuse("key: It is missing; expected a flag's key. Example: key = \"new-checkout\"");
    const auto id = environment_id(project, environment);
    if (!id) return refuse(fmt::format("There is no environment \"{}/{}\".", project, environment));
    const auto parsed = ObjectId::parse(*id);
    if (!parsed) return;  // noted at the environment
    for (const char* name : {"project", "environment", "key"}) item.erase(name);
    put(DocumentKind::flag, catalog::flag_document_id(*parsed, key), std::move(item), catalog_.flag(*parsed, key));
  }

  void destination(json item) {
    const std::string project = text_of(item, "project"), environment = text_of(item, "environment");
    const std::string name = text_of(item, "name");
    if (!name.empty()) call("destination", {project, environment, name});
    const std::string id =
        id_of(item, std::nullopt, "destination", fmt::format("{}/{}/{}", project, environment, name));
    if (id.empty()) return;
    const auto known = catalog_.destination(*ObjectId::parse(id));
    if (known) {
      if (item.contains("kind") && item["kind"] != known->value.kind) return refuse(kKindStays);
      for (const auto& [member, now] :
           {std::pair{"project", known->value.project_key}, {"environment", known->value.environment_key}})
        if (item.contains(member) && item[member] != now)
          return refuse(fmt::format(
              "{}: The destination {} belongs to \"{}/{}\" and cannot be moved. Create a new one and delete "
              "that one.",
              member, id, known->value.project_key, known->value.environment_key));
    } else if (!item.contains("on")) {
      item["on"] = true;  // as in a file
    }
    item.erase("id");
    put(DocumentKind::destination, id, std::move(item), known);
  }

  std::optional<std::string> environment_id(const std::string& project, const std::string& key) const {
    if (const auto made = environments_.find(project + "/" + key); made != environments_.end()) return made->second;
    if (const auto known = catalog_.environment(project, key)) return known->value.id.hex();
    return std::nullopt;
  }

  // What the catalog would refuse. What only misses an object that is itself refused says nothing new.
  void check() {
    std::set<ObjectId> created_again;
    for (const catalog::CatalogWrite& write : writes_)
      if (write.kind == DocumentKind::destination && write.expected_revision == 0)
        created_again.insert(*ObjectId::parse(write.id));
    catalog_.await_deletions(created_again, kMaxDeletionWaitMs);
    for (const auto& [place, error] : catalog_.faults_of(writes_)) {
      const catalog::CatalogWrite& write = writes_[place];
      object_ = objects_[place];
      const std::string project = text_of(write.fields, "project");
      if (error.fault == CatalogFault::missing &&
          (refused_.contains(fmt::format("project \"{}\"", project)) ||
           refused_.contains(fmt::format("environment \"{}/{}\"", project, text_of(write.fields, "environment")))))
        continue;
      only_ = error.fault;
      if (error.fields.empty()) refuse(error.message);
      for (const catalog::FieldFault& field : error.fields) refuse(fmt::format("{}: {}", field.field, field.message));
    }
  }

  const RestContext& context_;
  catalog::ManagedCatalog& catalog_;
  std::vector<catalog::CatalogWrite> writes_;
  std::vector<std::string> objects_;  // what each write is about
  std::set<std::pair<DocumentKind, std::string>> named_;
  std::map<std::string, std::string> environments_;  // ids by path, of this import
  std::vector<std::string> faults_;
  std::set<std::string> refused_;     // objects with a fault
  std::optional<CatalogFault> only_;  // of the catalog's last
  std::string object_;                // that is read or checked
};

}  // namespace

RestOutcome import_catalog(const RestContext& context, const RestCall& call) {
  if (!call.body.is_object())
    return invalid(
        "The body is not an object; expected the lists of a configuration file: project, environment, flag and "
        "destination.");
  if (auto good = only_known(call.body, {"project", "environment", "flag", "destination"}); !good)
    return tl::unexpected(good.error());
  Importer importer(context);
  importer.read(call.body);
  if (auto good = importer.faults(); !good) return tl::unexpected(good.error());
  if (auto done = importer.commit(call.caller); !done) return tl::unexpected(done.error());
  return RestAnswer{200,
                    {{"created", importer.created}, {"changed", importer.changed}, {"unchanged", importer.unchanged}}};
}

}  // namespace sluice::api
