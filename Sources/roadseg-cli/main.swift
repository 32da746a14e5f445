print("roadseg")
