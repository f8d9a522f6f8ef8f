#include "nn/module.h"

#include <algorithm>
#include <sstream>
#include <unordered_set>

#include "autograd/grad_mode.h"
#include "autograd/ops/convert.h"

namespace ito::nn {

const Tensor* find(const StateDict& list, const std::string& name) {
  const auto at = std::find_if(list.begin(), list.end(),
                               [&](const NamedTensor& entry) { return entry.name == name; });
  return at == list.end() ? nullptr : &at->value;
}

void load_values(const StateDict& from, const StateDict& to, const char* what) {
  std::ostringstream differences;
  for (const NamedTensor& entry : to) {
    const Tensor* value = find(from, entry.name);
    if (!value) {
      differences << "\n  missing     " << entry.name << ' ' << entry.value.dtype()
                  << entry.value.shape();
    } else if (value->shape() != entry.value.shape() || value->dtype() != entry.value.dtype()) {
      differences << "\n  different   " << entry.name << ": expected " << entry.value.dtype()
                  << entry.value.shape() << ", got " << value->dtype() << value->shape();
    }
  }
  for (const NamedTensor& entry : from) {
    if (!find(to, entry.name)) {
      differences << "\n  unexpected  " << entry.name << ' ' << entry.value.dtype()
                  << entry.value.shape();
    }
  }
  check(differences.str().empty(), what,
        ": names, shapes and dtypes must agree:", differences.str());
  NoGrad guard;
  for (const NamedTensor& entry : to) Tensor(entry.value).copy_(*find(from, entry.name));
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> values;
  values.reserve(parameters_.size());
  std::unordered_set<const Node*> met;
  for (const NamedTensor& p : parameters_) {
    if (met.insert(p.value.node()).second) values.push_back(p.value);
  }
  return values;
}

Index Module::parameter_count() const {
  Index count = 0;
  for (const Tensor& p : parameters()) count += p.numel();
  return count;
}

void Module::zero_grad() {
  for (NamedTensor& p : parameters_) p.value.zero_grad();
}

StateDict Module::state_dict() const {
  StateDict state;
  state.reserve(parameters_.size() + buffers_.size());
  for (const auto* list : {&parameters_, &buffers_}) {
    for (const NamedTensor& entry : *list) {
      state.push_back({entry.name, detached_copy(entry.value)});
    }
  }
  return state;
}

void Module::load_state_dict(const StateDict& state) {
  StateDict own = parameters_;
  own.insert(own.end(), buffers_.begin(), buffers_.end());
  load_values(state, own, "load_state_dict");
}

Tensor Module::add(std::string name, Tensor value) {
  check_name(name);
  check(value.defined() && value.is_leaf(), "module: parameter ", name, " must be a leaf");
  value.set_requires_grad();
  parameters_.push_back({std::move(name), value});
  return value;
}

Tensor Module::add_buffer(std::string name, Tensor value) {
  check_name(name);
  check(value.defined() && value.is_leaf(), "module: buffer ", name, " must be a leaf");
  buffers_.push_back({std::move(name), value});
  return value;
}

void Module::check_name(const std::string& name) const {
  check(!name.empty() && name.find('.') == std::string::npos, "module: name \"", name,
        "\" must be neither empty nor hold a '.', which separates children");
  const std::string prefix = name + '.';
  for (const auto* list : {&parameters_, &buffers_}) {
    for (const NamedTensor& entry : *list) {
      check(entry.name != name && !entry.name.starts_with(prefix), "module: name \"", name,
            "\" is taken");
    }
  }
}

void Module::adopt(const std::string& name, const Module& child) {
  check_name(name);
  for (const NamedTensor& p : child.parameters_) {
    parameters_.push_back({name + '.' + p.name, p.value});
  }
  for (const NamedTensor& b : child.buffers_) buffers_.push_back({name + '.' + b.name, b.value});
}

void copy_parameters(const Module& from, Module& to) {
  load_values(from.named_parameters(), to.named_parameters(), "copy_parameters");
}

}  // namespace ito::nn
