// ExportFilter::where (blazedb/export_policy.h).
#include <memory>
#include <optional>
#include <utility>

#include "base/typed.h"
#include "blazedb/error.h"
#include "blazedb/export_policy.h"
#include "codec/fields.h"
#include "codec/json.h"
#include "query/evaluate.h"

namespace blazedb {

ExportFilter ExportFilter::where(const std::string& expression, const Object& parameters) {
  return base::typed([&] {
    auto bound = std::make_shared<const query::Bound>(query::parse(expression), parameters);
    if (bound->usesTime())
      throw Error(
          ErrorCode::InvalidPolicy,
          "the filter of an export looks at the time with now(), and nothing would make a record leave when its "
          "time has come: write a field instead");
    ExportFilter filter;
    filter.id = "where " + expression + "\n" + codec::recordToJson(parameters, std::nullopt);
    filter.matches = [bound](const std::string&, const Record& record) {
      base::Bytes fields;
      if (std::optional<Error> error = codec::encodeFields(fields, record)) throw std::move(*error);
      return query::Evaluator(*bound, {}).matches(record.id().value_or(UUID()), fields);
    };
    return filter;
  });
}

}  // namespace blazedb
