if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["smendpoints.dev/redeployedAt"] = os.date("!%Y-%m-%dT%XZ")
return obj
