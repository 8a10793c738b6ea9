if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["smendpoints.dev/retry"] = os.date("!%Y-%m-%dT%XZ")
return obj
