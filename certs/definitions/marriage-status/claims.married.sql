select f.since as married_since from in_force f join living_spouse s on s.id = f.id
