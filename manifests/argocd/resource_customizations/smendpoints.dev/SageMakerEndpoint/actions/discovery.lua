local suspended = obj.spec.suspend == true
local stopped = obj.spec.desiredState == "Stopped"
local ready = false
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    if condition.type == "Ready" and condition.status == "True" then
      ready = true
    end
  end
end
return {
  ["retry"] = { ["disabled"] = ready or suspended, ["iconClass"] = "fa fa-fw fa-redo" },
  ["redeploy"] = { ["disabled"] = stopped or suspended, ["iconClass"] = "fa fa-fw fa-sync" },
  ["stop"] = { ["disabled"] = stopped, ["iconClass"] = "fa fa-fw fa-stop-circle" },
  ["start"] = { ["disabled"] = not stopped, ["iconClass"] = "fa fa-fw fa-play-circle" },
  ["suspend"] = { ["disabled"] = suspended, ["iconClass"] = "fa fa-fw fa-pause-circle" },
  ["resume"] = { ["disabled"] = not suspended, ["iconClass"] = "fa fa-fw fa-play" },
}
